-- open --
-- All alarms that must stay on the screen: they last, or they latch until a person acknowledges them. The marks find the
-- few that may be open, by the indexes made for it; only these are folded, and the fold alone decides. (An array, not a join:
-- the view has too many tables for the planner to begin with it by itself.)
SELECT a.*
FROM alarm_pictures AS a
WHERE a.alarm_id = ANY(ARRAY(
        SELECT alarm_id FROM alarms
        WHERE tenant_id = %(tenant_id)s AND NOT has_ended AND NOT has_suppressed
        UNION ALL
        SELECT alarm_id FROM alarms
        WHERE tenant_id = %(tenant_id)s AND call = ANY(%(latching)s)
            AND has_ended AND NOT has_suppressed AND (NOT has_acknowledged OR has_undone)
    ))
    AND a.raised_at IS NOT NULL
    AND a.suppressed_at IS NULL
    AND (a.ended_at IS NULL OR (a.acknowledged_at IS NULL AND a.call = ANY(%(latching)s)))
ORDER BY a.alarm_id;

-- one --
-- An alarm as it stands.
SELECT a.*
FROM alarm_pictures AS a
WHERE a.alarm_id = %(alarm_id)s AND a.tenant_id = %(tenant_id)s;

-- of_patient --
-- A patient's alarms, the newest onset first, and whether there are older ones. The next page begins before the last
-- onset of this one, so alarms of one moment are never parted.
SELECT a.*,
    EXISTS (SELECT FROM alarms AS o WHERE o.patient_id = a.patient_id AND o.onset_at < a.onset_at) AS has_older
FROM alarm_pictures AS a
WHERE a.patient_id = %(patient_id)s AND a.tenant_id = %(tenant_id)s
    AND (%(before)s::timestamptz IS NULL OR a.onset_at < %(before)s)
ORDER BY a.onset_at DESC
FETCH FIRST %(limit)s ROWS WITH TIES;

-- lock --
-- One hand at a time on an alarm.
SELECT alarm_id, patient_id FROM alarms WHERE alarm_id = %(alarm_id)s AND tenant_id = %(tenant_id)s FOR UPDATE;

-- add_event --
-- What a person did to an alarm.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)
VALUES (%(alarm_id)s, %(tenant_id)s, %(kind)s, %(user_id)s, %(detail)s);

-- shown --
-- These alarms are on a screen; the first one of each counts.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)
SELECT a.alarm_id, a.tenant_id, 'shown', %(user_id)s, %(detail)s
FROM alarms AS a
WHERE a.alarm_id = ANY(%(alarms)s) AND a.tenant_id = %(tenant_id)s
ORDER BY a.alarm_id
ON CONFLICT DO NOTHING;
