-- symptoms --
-- What a patient felt, the newest first.
SELECT
    s.symptom_id, s.press, s.device_id, s.pressed_at, s.received_at, s.late, s.chips, s.note, s.additions, s.alarm_id,
    s.read_at, u.name
FROM symptoms AS s LEFT JOIN users AS u ON u.user_id = s.read_by
WHERE s.patient_id = %(patient_id)s AND s.tenant_id = %(tenant_id)s
    AND (%(before)s::timestamptz IS NULL OR s.pressed_at < %(before)s)
    AND (%(symptom_id)s::bigint IS NULL OR s.symptom_id = %(symptom_id)s)
ORDER BY s.pressed_at DESC, s.symptom_id DESC
LIMIT %(limit)s + 1;

-- messages --
-- What was said both ways, the newest first.
SELECT
    m.message_id, m.kind, m.device_id, m.said_id, m.said_at, m.received_at, m.late, m.text, m.body, m.reply_to,
    m.alarm_id, s.name, m.read_at, r.name
FROM care_messages AS m
LEFT JOIN users AS s ON s.user_id = m.said_by
LEFT JOIN users AS r ON r.user_id = m.read_by
WHERE m.patient_id = %(patient_id)s AND m.tenant_id = %(tenant_id)s
    AND (%(before)s::timestamptz IS NULL OR m.said_at < %(before)s)
    AND (%(message_id)s::bigint IS NULL OR m.message_id = %(message_id)s)
ORDER BY m.said_at DESC, m.message_id DESC
LIMIT %(limit)s + 1;

-- lock_symptom --
SELECT patient_id, additions, alarm_id FROM symptoms
WHERE symptom_id = %(symptom_id)s AND tenant_id = %(tenant_id)s FOR UPDATE;

-- read_symptom --
-- The first who reads it counts.
UPDATE symptoms SET read_at = now(), read_by = %(user_id)s
WHERE symptom_id = %(symptom_id)s AND read_at IS NULL
RETURNING device_id, press, read_at;

-- patient_of_message --
SELECT patient_id FROM care_messages WHERE message_id = %(message_id)s AND tenant_id = %(tenant_id)s;

-- lock_patient --
-- One hand at a time on what a patient wrote: ingest takes this row first, too.
SELECT FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s FOR NO KEY UPDATE;

-- messages_to_read --
SELECT message_id, alarm_id FROM care_messages
WHERE message_id = ANY(%(messages)s) AND patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s
    AND device_id IS NOT NULL
ORDER BY message_id;

-- read_messages --
-- The first who reads one counts.
UPDATE care_messages SET read_at = now(), read_by = %(user_id)s
WHERE message_id = ANY(%(messages)s) AND read_at IS NULL
RETURNING device_id, said_id, read_at;

-- lock_alarm --
SELECT FROM alarms WHERE alarm_id = %(alarm_id)s FOR UPDATE;

-- count_messages --
SELECT count_messages(alarm_id) FROM alarms
WHERE alarm_id = %(alarm_id)s AND NOT has_ended AND EXISTS (SELECT FROM care_messages WHERE alarm_id = %(alarm_id)s);

-- answer_alarm --
-- Who reads all that an alarm is about has answered it, and it is over.
WITH open AS (
    SELECT alarm_id, tenant_id, acknowledged_at FROM alarm_states
    WHERE alarm_id = %(alarm_id)s AND ended_at IS NULL AND suppressed_at IS NULL AND NOT is_unread(alarm_id)
)
INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)
SELECT alarm_id, tenant_id, 'acknowledged', %(user_id)s FROM open WHERE acknowledged_at IS NULL
UNION ALL
SELECT alarm_id, tenant_id, 'ended', NULL FROM open;

-- say --
-- What the team says to a patient.
INSERT INTO care_messages (tenant_id, patient_id, kind, said_by, said_at, received_at, text, body)
VALUES (%(tenant_id)s, %(patient_id)s, %(kind)s, %(user_id)s, now(), now(), %(text)s, %(body)s)
RETURNING message_id;

-- devices --
-- Where a patient can be reached.
SELECT device_id FROM devices WHERE patient_id = %(patient_id)s AND revoked_at IS NULL;
