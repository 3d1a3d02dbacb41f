-- What a patient says and is told: symptoms, messages, questions and answers (docs/adr/0019). The events as they came are
-- in patient_events; this is what people work with, written in the same transaction.

ALTER TABLE patients ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'fr'));

-- One press of the symptom button with all that the patient added to it later. `alarm_id` is the alarm that asks for it to
-- be read now: the press's own, or a later one when something was added after it was read.
CREATE TABLE symptoms (
    symptom_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    device_id text NOT NULL REFERENCES devices,
    press text NOT NULL,
    pressed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    late boolean NOT NULL,
    chips text[] NOT NULL,
    note text NOT NULL,
    -- How often something was added: who says to have read it says what.
    additions integer NOT NULL DEFAULT 0,
    alarm_id bigint REFERENCES alarms ON DELETE SET NULL,
    read_at timestamptz,
    read_by bigint REFERENCES users,
    UNIQUE (device_id, press),
    CHECK ((read_at IS NULL) = (read_by IS NULL))
);
CREATE INDEX symptoms_patient ON symptoms (patient_id, pressed_at);
CREATE INDEX symptoms_alarm ON symptoms (alarm_id);

-- What is said between a patient and the care team, both ways. `said_id` is the device's own number of what the patient
-- said. `body` is a question's form, or the answers to one (`reply_to`). Who of the team said it, or read what the patient
-- said, is a user; the patient's own reading has none.
CREATE TABLE care_messages (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    kind text NOT NULL CHECK (kind IN ('message', 'question', 'answer')),
    device_id text REFERENCES devices,
    said_id text,
    said_by bigint REFERENCES users,
    said_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    late boolean NOT NULL DEFAULT false,
    text text NOT NULL DEFAULT '',
    body jsonb,
    reply_to bigint REFERENCES care_messages,
    alarm_id bigint REFERENCES alarms ON DELETE SET NULL,
    read_at timestamptz,
    read_by bigint REFERENCES users,
    UNIQUE (device_id, said_id),
    CHECK ((device_id IS NULL) = (said_id IS NULL)),
    CHECK ((device_id IS NULL) <> (said_by IS NULL)),
    CHECK ((kind = 'message') = (body IS NULL)),
    CHECK ((kind = 'answer') = (reply_to IS NOT NULL)),
    CHECK (kind <> 'question' OR said_by IS NOT NULL),
    CHECK (kind <> 'answer' OR device_id IS NOT NULL),
    CHECK (read_by IS NULL OR read_at IS NOT NULL),
    CHECK (device_id IS NULL OR (read_at IS NULL) = (read_by IS NULL))
);
CREATE INDEX care_messages_patient ON care_messages (patient_id, said_at);
CREATE INDEX care_messages_alarm ON care_messages (alarm_id);

-- What waits to be read keeps the alarm that says so, whatever became of that alarm: retention asks here.
CREATE FUNCTION is_unread(alarm bigint) RETURNS boolean LANGUAGE sql STABLE AS $body$
    SELECT EXISTS (SELECT FROM symptoms WHERE alarm_id = alarm AND read_at IS NULL)
        OR EXISTS (SELECT FROM care_messages WHERE alarm_id = alarm AND read_at IS NULL)
$body$;

-- A patient may ask who looked at his data.
CREATE INDEX audit_events_patient ON audit_events (patient_id, at) WHERE user_id IS NOT NULL;
