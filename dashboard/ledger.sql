-- see_all --
-- All of a tenant, for as long as the connection is open: as in dashboard/database.sql.
SELECT
    set_config('heartwire.tenant_id', %(tenant_id)s::text, false),
    set_config('heartwire.user_id', '', false),
    set_config('heartwire.wards', '*', false),
    set_config('heartwire.patients', '{}', false),
    set_config('role', 'heartwire_pages', false);

-- received --
-- When the frame in which an alarm's rule was met arrived, while it is in the log.
SELECT f.received_at
FROM ecg_frames AS f
WHERE f.patient_id = %(patient_id)s AND f.device_id = %(device_id)s
    AND f.t0 > %(signal_at)s::timestamptz - interval '10.01 s' AND f.t0 <= %(signal_at)s::timestamptz
ORDER BY f.t0 DESC
LIMIT 1;

-- alarm --
-- Whose an alarm is, and when in the signal it began.
SELECT a.patient_id, a.device_id, a.onset_at, a.signal_at, p.name
FROM alarms AS a LEFT JOIN patients AS p USING (patient_id)
WHERE a.alarm_id = %(alarm_id)s AND a.tenant_id = %(tenant_id)s;

-- events --
-- All that happened to an alarm, by whom, and where it is in the ledger. An attempt to tell somebody that arrived is an
-- event already; one that did not is here with its outcome.
SELECT e.kind, e.at, e.detail, u.name, l.seq, l.hash, l.at
FROM (
    SELECT kind, at, detail, user_id, 'alarm_events' AS source, event_id AS source_id
    FROM alarm_events
    WHERE alarm_id = %(alarm_id)s AND tenant_id = %(tenant_id)s
    UNION ALL
    SELECT
        'not_told', n.at, jsonb_build_object('channel', c.label, 'outcome', n.outcome, 'problem', n.problem),
        n.user_id, 'notification_attempts', n.attempt_id
    FROM notification_attempts AS n JOIN contacts AS c USING (contact_id)
    WHERE n.alarm_id = %(alarm_id)s AND n.tenant_id = %(tenant_id)s AND n.outcome <> 'delivered'
) AS e
LEFT JOIN users AS u USING (user_id)
LEFT JOIN ledger AS l ON l.source = e.source AND l.source_id = e.source_id
ORDER BY e.at, e.source_id;

-- head --
-- A tenant's last entry.
SELECT seq, hash, at FROM ledger WHERE tenant_id = %(tenant_id)s ORDER BY seq DESC LIMIT 1;

-- due --
-- What waits to be sealed.
SELECT count(*), min(at) FROM ledger_due WHERE tenant_id = %(tenant_id)s;

-- checks --
-- The last checks of a tenant's chain, the newest first.
SELECT c.check_id, u.name, c.begun_at, c.ended_at, c.touched_at, c.n_entries, c.of_entries, c.report
FROM ledger_checks AS c LEFT JOIN users AS u USING (user_id)
WHERE c.tenant_id = %(tenant_id)s
ORDER BY c.check_id DESC
LIMIT %(limit)s;
