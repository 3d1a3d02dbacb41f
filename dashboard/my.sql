-- holder --
-- Whose a device is, and what is kept of its secret.
SELECT d.tenant_id, d.patient_id, p.name, p.ward, p.language, d.revoked_at IS NOT NULL, c.salt, c.iterations, c.hash
FROM devices AS d
JOIN patients AS p USING (patient_id)
LEFT JOIN device_credentials AS c USING (device_id)
WHERE d.device_id = %(device)s;

-- audit --
-- What a device was shown of its own patient.
INSERT INTO audit_events (tenant_id, action, patient_id, device_id)
VALUES (%(tenant_id)s, %(action)s, %(patient_id)s, %(device)s);

-- zone --
-- In which zone the patient's care team tells times.
SELECT coalesce(w.zone, zone_of_hospital(p.tenant_id))
FROM patients AS p LEFT JOIN wards AS w ON w.ward_id = p.ward_id
WHERE p.patient_id = %(patient_id)s;

-- events --
-- What the patient felt and what was told of his heart, the newest first; of alarms those of the heart that no greater
-- one hides.
SELECT * FROM (
    SELECT
        'symptom' AS kind, s.press AS id, 'symptom' AS call, s.pressed_at AS at, NULL::timestamptz AS ended_at, s.late, s.chips,
        s.note, s.read_at, u.name
    FROM symptoms AS s LEFT JOIN users AS u ON u.user_id = s.read_by
    WHERE s.patient_id = %(patient_id)s AND (%(before)s::timestamptz IS NULL OR s.pressed_at < %(before)s)
    UNION ALL
    SELECT
        'alarm', a.alarm_id::text, a.call, a.onset_at, a.ended_at, a.late, '{}'::text[], '', a.acknowledged_at, u.name
    FROM alarm_states AS a LEFT JOIN users AS u ON u.user_id = a.acknowledged_by
    WHERE a.alarm_id = ANY(ARRAY(
        SELECT n.alarm_id FROM alarms AS n
        WHERE n.patient_id = %(patient_id)s AND n.call = ANY(%(calls)s) AND NOT n.has_suppressed
            AND (%(before)s::timestamptz IS NULL OR n.onset_at < %(before)s)
        ORDER BY n.onset_at DESC
        LIMIT %(limit)s + 1
    ))
) AS e
ORDER BY e.at DESC, e.id
LIMIT %(limit)s + 1;

-- access --
-- Who of the care team looked or did something: a person, an action, a day of the ward a line.
SELECT u.name, u.role, e.action, min(e.at), max(e.at), count(*)
FROM audit_events AS e JOIN users AS u USING (user_id)
WHERE e.patient_id = %(patient_id)s AND e.user_id IS NOT NULL AND e.at > now() - interval '90 days'
GROUP BY u.user_id, e.action, date_trunc('day', e.at AT TIME ZONE %(zone)s)
ORDER BY max(e.at) DESC
LIMIT 500;

-- seen --
-- What a person has read of what this patient said, by the ids that his devices gave.
SELECT id, name, read_at FROM (
    SELECT s.press AS id, u.name, s.read_at
    FROM symptoms AS s JOIN users AS u ON u.user_id = s.read_by
    WHERE s.patient_id = %(patient_id)s
    UNION ALL
    SELECT m.said_id, u.name, m.read_at
    FROM care_messages AS m JOIN users AS u ON u.user_id = m.read_by
    WHERE m.patient_id = %(patient_id)s
) AS r
ORDER BY read_at DESC
LIMIT 200;
