-- tenants --
-- Who has a chain, or will have one.
SELECT tenant_id, name FROM tenants WHERE %(tenant)s::text IS NULL OR name = %(tenant)s ORDER BY tenant_id;

-- alarm_events --
-- These events as they are hashed: with what of their alarm never changes.
SELECT
    e.event_id, e.alarm_id, e.tenant_id, (extract(epoch FROM e.at) * 1000000)::bigint, e.kind, e.user_id, e.detail::text,
    a.tenant_id, a.patient_id, a.device_id, a.call, a.priority, (extract(epoch FROM a.onset_at) * 1000000)::bigint,
    (extract(epoch FROM a.signal_at) * 1000000)::bigint, a.late, a.engine, a.confidence::text
FROM alarm_events AS e JOIN alarms AS a USING (alarm_id)
WHERE e.event_id = ANY(%(ids)s);

-- retention_log --
-- These lines of the log of what was dropped, as they are hashed.
SELECT
    log_id, (extract(epoch FROM at) * 1000000)::bigint, tenant_id, patient_id, kind,
    (extract(epoch FROM before) * 1000000)::bigint, (extract(epoch FROM oldest) * 1000000)::bigint, n_rows,
    detail::text, dropped_by
FROM retention_log
WHERE log_id = ANY(%(ids)s);

-- notification_attempts --
-- These attempts to tell somebody, as they are hashed.
SELECT
    attempt_id, tenant_id, notification_id, notice_id, alarm_id, patient_id, contact_id, user_id,
    (extract(epoch FROM at) * 1000000)::bigint, took_ms, outcome, problem
FROM notification_attempts
WHERE attempt_id = ANY(%(ids)s);

-- entries --
-- A tenant's entries after a number.
SELECT
    tenant_id, seq, (extract(epoch FROM at) * 1000000)::bigint, source, source_id, alarm_id, content, hash
FROM ledger
WHERE tenant_id = %(tenant_id)s AND seq > %(after)s
ORDER BY seq
LIMIT %(limit)s;

-- head --
-- A tenant's last entry.
SELECT
    tenant_id, seq, (extract(epoch FROM at) * 1000000)::bigint, source, source_id, alarm_id, content, hash
FROM ledger
WHERE tenant_id = %(tenant_id)s
ORDER BY seq DESC
LIMIT 1;

-- dropped --
-- Of these alarms, those that retention has dropped, each with the lines of the log that say so.
SELECT a.alarm_id::bigint, r.log_id
FROM retention_log AS r CROSS JOIN LATERAL jsonb_array_elements_text(r.detail -> 'alarms') AS a (alarm_id)
WHERE r.tenant_id = %(tenant_id)s AND r.kind = 'alarms' AND a.alarm_id::bigint = ANY(%(alarms)s);

-- due --
-- What is committed and not sealed: how much, and since when.
SELECT count(*), (extract(epoch FROM min(at)) * 1000000)::bigint FROM ledger_due WHERE tenant_id = %(tenant_id)s;

-- added --
-- Rows that are neither sealed nor about to be: they came past the trigger.
SELECT 'alarm_events', e.event_id, e.alarm_id
FROM alarm_events AS e
WHERE e.tenant_id = %(tenant_id)s
    AND NOT EXISTS (SELECT FROM ledger AS l WHERE l.source = 'alarm_events' AND l.source_id = e.event_id)
    AND NOT EXISTS (SELECT FROM ledger_due AS d WHERE d.source = 'alarm_events' AND d.source_id = e.event_id)
UNION ALL
SELECT 'retention_log', r.log_id, NULL
FROM retention_log AS r
WHERE r.tenant_id = %(tenant_id)s
    AND NOT EXISTS (SELECT FROM ledger AS l WHERE l.source = 'retention_log' AND l.source_id = r.log_id)
    AND NOT EXISTS (SELECT FROM ledger_due AS d WHERE d.source = 'retention_log' AND d.source_id = r.log_id)
UNION ALL
SELECT 'notification_attempts', n.attempt_id, n.alarm_id
FROM notification_attempts AS n
WHERE n.tenant_id = %(tenant_id)s
    AND NOT EXISTS (SELECT FROM ledger AS l WHERE l.source = 'notification_attempts' AND l.source_id = n.attempt_id)
    AND NOT EXISTS (SELECT FROM ledger_due AS d WHERE d.source = 'notification_attempts' AND d.source_id = n.attempt_id)
ORDER BY 1, 2;

-- begin_check --
-- A check, by a person or by nobody, where none goes on: one that did not come on for a minute has died with its process.
INSERT INTO ledger_checks (tenant_id, user_id)
SELECT %(tenant_id)s, %(user_id)s
WHERE NOT EXISTS (
    SELECT FROM ledger_checks
    WHERE tenant_id = %(tenant_id)s AND ended_at IS NULL AND touched_at > clock_timestamp() - interval '1 minute'
)
RETURNING check_id;

-- come_on --
UPDATE ledger_checks SET n_entries = %(done)s, of_entries = %(of)s, touched_at = clock_timestamp()
WHERE check_id = %(check_id)s;

-- end_check --
UPDATE ledger_checks SET
    n_entries = %(done)s, of_entries = %(done)s, touched_at = clock_timestamp(), ended_at = clock_timestamp(),
    report = %(report)s
WHERE check_id = %(check_id)s;
