-- become_sealer --
-- One process seals at a time; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire'), hashtext('ledger'));

-- due --
-- What is to be sealed next, in the order in which it was written.
SELECT due_id, tenant_id, source, source_id, alarm_id FROM ledger_due ORDER BY due_id LIMIT %(limit)s;

-- now --
-- When it is sealed, UTC microseconds.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

-- append --
INSERT INTO ledger (tenant_id, seq, at, source, source_id, alarm_id, content, hash)
SELECT
    n.tenant_id, n.seq, timestamptz 'epoch' + n.at_us * interval '1 microsecond', n.source, n.source_id, n.alarm_id,
    n.content, n.hash
FROM unnest(
    %(tenants)s::integer[], %(seqs)s::bigint[], %(times)s::bigint[], %(sources)s::text[], %(ids)s::bigint[],
    %(alarms)s::bigint[], %(contents)s::bytea[], %(hashes)s::bytea[]
) AS n (tenant_id, seq, at_us, source, source_id, alarm_id, content, hash);

-- done --
DELETE FROM ledger_due WHERE due_id = ANY(%(due)s);

-- tenants --
SELECT tenant_id FROM tenants ORDER BY tenant_id;
