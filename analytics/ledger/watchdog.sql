-- become_watchdog --
-- One process watches at a time; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire'), hashtext('watchdog'));

-- now --
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

-- tenants --
-- Those that care for somebody, and how long their ledgers are.
SELECT t.tenant_id, coalesce((SELECT max(l.seq) FROM ledger AS l WHERE l.tenant_id = t.tenant_id), 0)
FROM tenants AS t WHERE t.purpose = 'care';

-- touched --
-- Alarms to which something happened, as the ledger has it: in the order of commit, so that none is missed.
SELECT DISTINCT alarm_id
FROM ledger
WHERE tenant_id = %(tenant_id)s AND seq > %(after)s AND seq <= %(until)s AND alarm_id IS NOT NULL;

-- asking --
-- Those of these alarms that are live and of which nobody knows.
SELECT
    a.alarm_id, a.tenant_id, a.call, a.priority, (extract(epoch FROM r.at) * 1000000)::bigint,
    EXISTS (SELECT FROM alarm_events AS e WHERE e.alarm_id = a.alarm_id AND e.kind = 'ended')
FROM alarms AS a
JOIN alarm_events AS r ON r.alarm_id = a.alarm_id AND r.kind = 'raised'
WHERE a.alarm_id = ANY(%(alarms)s) AND NOT a.late
    AND NOT EXISTS (
        SELECT FROM alarm_events AS e
        WHERE e.alarm_id = a.alarm_id
            AND e.kind IN ('shown', 'notified', 'acknowledged', 'reviewed', 'suppressed', 'paused')
    );

-- orphans --
-- Episodes of the live analysis after a number of which there is no alarm, and the last number there is.
SELECT e.episode_id, e.tenant_id
FROM episodes AS e
WHERE e.episode_id > %(after)s AND e.episode_id <= %(until)s AND NOT e.is_rerun
    AND NOT EXISTS (
        SELECT FROM alarms AS a
        WHERE a.device_id = e.device_id AND a.call = e.call AND a.onset_at = e.onset_at AND a.engine = e.engine
    );

-- last_episode --
SELECT coalesce(max(episode_id), 0) FROM episodes;

-- still_orphans --
SELECT e.tenant_id, count(*)
FROM episodes AS e
WHERE e.episode_id = ANY(%(episodes)s)
    AND NOT EXISTS (
        SELECT FROM alarms AS a
        WHERE a.device_id = e.device_id AND a.call = e.call AND a.onset_at = e.onset_at AND a.engine = e.engine
    )
GROUP BY e.tenant_id;

-- unsealed --
-- How many events the ledger should have by now.
SELECT tenant_id, count(*) FROM ledger_due
WHERE at < clock_timestamp() - %(limit_s)s * interval '1 s'
GROUP BY tenant_id;

-- open --
SELECT alarm_id, tenant_id, detail FROM alarms WHERE call = %(call)s AND NOT has_ended AND NOT has_suppressed;

-- raise --
WITH new AS (
    INSERT INTO alarms (tenant_id, call, priority, onset_at, signal_at, engine, detail)
    VALUES (%(tenant_id)s, %(call)s, %(priority)s, clock_timestamp(), clock_timestamp(), %(engine)s, %(detail)s)
    ON CONFLICT DO NOTHING
    RETURNING alarm_id, tenant_id
)
INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM new;

-- say --
UPDATE alarms SET detail = %(detail)s WHERE alarm_id = %(alarm_id)s;

-- end --
INSERT INTO alarm_events (alarm_id, tenant_id, kind)
SELECT alarm_id, tenant_id, 'ended' FROM alarms WHERE alarm_id = ANY(%(alarms)s);
