-- become_checker --
-- One process checks at a time; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire'), hashtext('ledger checker'));

-- due --
-- Tenants of which nobody has had the chain counted for so long; the first time so long after its first entry.
SELECT t.tenant_id
FROM tenants AS t
WHERE coalesce(
    (SELECT max(c.begun_at) FROM ledger_checks AS c WHERE c.tenant_id = t.tenant_id),
    (SELECT l.at FROM ledger AS l WHERE l.tenant_id = t.tenant_id ORDER BY l.seq LIMIT 1)
) < clock_timestamp() - %(every_s)s::float8 * interval '1 s'
ORDER BY t.tenant_id;

-- begin --
-- A check by nobody, where none goes on: one that did not come on for a minute has died with its process.
INSERT INTO ledger_checks (tenant_id)
SELECT %(tenant_id)s
WHERE NOT EXISTS (
    SELECT FROM ledger_checks
    WHERE tenant_id = %(tenant_id)s AND ended_at IS NULL AND touched_at > clock_timestamp() - interval '1 minute'
)
RETURNING check_id;

-- come_on --
UPDATE ledger_checks SET n_entries = %(done)s, of_entries = %(of)s, touched_at = clock_timestamp()
WHERE check_id = %(check_id)s;

-- end --
UPDATE ledger_checks SET
    n_entries = %(done)s, of_entries = %(done)s, touched_at = clock_timestamp(), ended_at = clock_timestamp(),
    report = %(report)s
WHERE check_id = %(check_id)s;

-- verdicts --
-- What the last check of each hospital's chain that came to its end has found, whoever had it made.
SELECT t.tenant_id, c.check_id, (c.report ->> 'wrong')::integer
FROM tenants AS t
CROSS JOIN LATERAL (
    SELECT check_id, report FROM ledger_checks
    WHERE tenant_id = t.tenant_id AND ended_at IS NOT NULL AND report IS NOT NULL
    ORDER BY check_id DESC LIMIT 1
) AS c
WHERE t.purpose = 'care';
