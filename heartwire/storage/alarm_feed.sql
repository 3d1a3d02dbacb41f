-- entries --
-- What happened to a tenant's alarms after an entry of the ledger, in its order. What retention has dropped is not told.
SELECT
    l.seq, e.kind, e.at, a.alarm_id, a.patient_id, a.call, a.priority, a.late, a.onset_at, a.signal_at, e.user_id, u.name
FROM ledger AS l
JOIN alarm_events AS e ON e.event_id = l.source_id
JOIN alarms AS a ON a.alarm_id = e.alarm_id
LEFT JOIN users AS u ON u.user_id = e.user_id
WHERE l.tenant_id = %(tenant_id)s AND l.seq > %(after)s AND l.source = 'alarm_events'
ORDER BY l.seq
LIMIT %(most)s;

-- newest --
SELECT coalesce(max(seq), 0) FROM ledger WHERE tenant_id = %(tenant_id)s;
