-- lock_patients --
-- One hand at a time on what a patient says: two devices of one patient may be stored by two processes. In order, so that
-- nobody waits for each other.
SELECT FROM patients WHERE patient_id = ANY(%(patients)s) ORDER BY patient_id FOR NO KEY UPDATE;

-- lock_symptom --
-- What is known of a press.
SELECT symptom_id, chips, note, alarm_id, read_at IS NULL FROM symptoms
WHERE device_id = %(device)s AND press = %(press)s
FOR UPDATE;

-- lock_alarm --
-- Nobody answers an alarm while something is added to it.
SELECT FROM alarms WHERE alarm_id = %(alarm_id)s FOR UPDATE;

-- asks --
-- Whether an alarm still asks for a person: what is added to it will be seen.
SELECT raised_at IS NOT NULL AND acknowledged_at IS NULL AND ended_at IS NULL AND suppressed_at IS NULL
FROM alarm_states WHERE alarm_id = %(alarm_id)s;

-- message_alarm --
-- The alarm that stands for what a patient wrote and nobody has read.
SELECT alarm_id, late FROM alarms
WHERE tenant_id = %(tenant_id)s AND patient_id = %(patient_id)s AND call = %(call)s
    AND NOT has_ended AND NOT has_suppressed
ORDER BY alarm_id DESC
LIMIT 1;

-- add_symptom --
INSERT INTO symptoms (
    tenant_id, patient_id, device_id, press, pressed_at, received_at, late, chips, note, alarm_id
) VALUES (
    %(tenant_id)s, %(patient_id)s, %(device)s, %(press)s, %(t0)s, %(received_at)s, %(late)s, %(chips)s, %(note)s,
    %(alarm_id)s
);

-- add_details --
-- What was read before is not all any more: it is unread again.
UPDATE symptoms SET
    pressed_at = least(pressed_at, %(t0)s), chips = %(chips)s, note = %(note)s, additions = additions + 1,
    alarm_id = %(alarm_id)s,
    read_at = CASE WHEN alarm_id = %(alarm_id)s THEN read_at END, read_by = CASE WHEN alarm_id = %(alarm_id)s THEN read_by END
WHERE symptom_id = %(symptom_id)s;

-- add --
-- Something more that an alarm asks for.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail) VALUES (%(alarm_id)s, %(tenant_id)s, 'added', %(detail)s);

-- detail --
-- The alarm of a press says what the patient said.
UPDATE alarms SET detail = %(detail)s WHERE alarm_id = %(alarm_id)s;

-- end --
-- A later alarm stands for all that this one asked for.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
SELECT a.alarm_id, a.tenant_id, 'ended', '{"why": "more_was_said"}' FROM alarms AS a
WHERE a.alarm_id = %(alarm_id)s AND NOT a.has_ended;

-- is_late --
-- Whether an event came long after it happened, by the device's clock as the server measures it.
SELECT %(received_at)s - %(t0)s - coalesce(
    (SELECT l.clock_offset_us * interval '1 microsecond' FROM device_links AS l WHERE l.device_id = %(device)s),
    interval '0'
) > %(late_us)s * interval '1 microsecond';

-- raise --
-- A new alarm with its first event; nothing if there is one of that device, call and moment.
WITH new AS (
    INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, late, detail, engine)
    VALUES (
        %(tenant_id)s, %(patient_id)s, %(device)s, %(call)s, %(priority)s, %(onset)s, %(onset)s, %(late)s, %(detail)s,
        %(engine)s
    )
    ON CONFLICT DO NOTHING
    RETURNING alarm_id, tenant_id
),
told AS (
    INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail) SELECT alarm_id, tenant_id, 'raised', %(about)s FROM new
)
SELECT alarm_id FROM new;

-- add_message --
-- What a patient said; nothing if the device said it before.
INSERT INTO care_messages (
    tenant_id, patient_id, kind, device_id, said_id, said_at, received_at, late, text, body, reply_to
) VALUES (
    %(tenant_id)s, %(patient_id)s, %(kind)s, %(device)s, %(said_id)s, %(t0)s, %(received_at)s, %(late)s, %(text)s,
    %(body)s, %(reply_to)s
)
ON CONFLICT DO NOTHING
RETURNING message_id;

-- ask_to_read --
UPDATE care_messages SET alarm_id = %(alarm_id)s WHERE message_id = %(message_id)s;

-- hand_over --
-- What an alarm asked for and nobody has read is asked for by a later one.
UPDATE care_messages SET alarm_id = %(alarm_id)s WHERE alarm_id = %(before)s AND read_at IS NULL;

-- count_messages --
SELECT count_messages(%(alarm_id)s);

-- said_to --
-- What the team said to a patient, if it is his.
SELECT kind, body FROM care_messages
WHERE message_id = %(message_id)s AND patient_id = %(patient_id)s AND said_by IS NOT NULL;

-- was_read --
-- The first time counts, and no time to come.
UPDATE care_messages SET read_at = least(%(t0)s, %(received_at)s)
WHERE message_id = %(message_id)s AND patient_id = %(patient_id)s AND said_by IS NOT NULL AND read_at IS NULL;
