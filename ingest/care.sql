-- lock_symptom --
-- What is known of a press, and whether its alarm still asks for it to be read.
SELECT
    s.symptom_id, s.chips, s.note, s.alarm_id,
    a.alarm_id IS NOT NULL AND a.acknowledged_at IS NULL AND a.ended_at IS NULL AND a.suppressed_at IS NULL
        AND s.read_at IS NULL
FROM symptoms AS s LEFT JOIN alarm_states AS a USING (alarm_id)
WHERE s.device_id = %(device)s AND s.press = %(press)s
FOR UPDATE OF s;

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

-- detail --
-- The alarm of a press says what the patient said.
UPDATE alarms SET detail = %(detail)s WHERE alarm_id = %(alarm_id)s;

-- end --
-- A later alarm of the same press stands for this one.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
SELECT a.alarm_id, a.tenant_id, 'ended', '{"why": "details_added"}' FROM alarms AS a
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
    INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM new
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

-- said_to --
-- What the team said to a patient, if it is his.
SELECT kind, body FROM care_messages
WHERE message_id = %(message_id)s AND patient_id = %(patient_id)s AND said_by IS NOT NULL;

-- was_read --
-- The first time counts, and no time to come.
UPDATE care_messages SET read_at = least(%(t0)s, %(received_at)s)
WHERE message_id = %(message_id)s AND patient_id = %(patient_id)s AND said_by IS NOT NULL AND read_at IS NULL;
