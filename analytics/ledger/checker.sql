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
