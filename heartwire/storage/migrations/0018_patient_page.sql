-- What the patient's page needs beside the signal: its outline, what people correct and note, the battery's history
-- (docs/adr/0025).

-- The least and the greatest sample of each half second of a block (heartwire/storage/envelope.py), so that a day is
-- drawn without decoding it. Null in blocks of before: those are decoded. Short, so it stays in the row.
ALTER TABLE ecg_blocks ADD COLUMN envelope bytea;
ALTER TABLE ecg_blocks ALTER COLUMN envelope SET STORAGE MAIN;

-- What a person says of a beat, beside what the engine found, which stays as it is. Append-only: to undo is one more
-- line. Of one beat (patient and time) the newest correction that was not undone holds. `was`: the engine's label when it
-- was corrected, so that counts can be corrected without reading the beats; null of a beat that the engine did not find.
CREATE TABLE beat_corrections (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    t timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('relabelled', 'deleted', 'added', 'undone')),
    label "char" CHECK (label IN ('N', 'S', 'V', 'F', 'Q')),
    was "char",
    undoes bigint REFERENCES beat_corrections UNIQUE,
    user_id bigint NOT NULL REFERENCES users,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((label IS NOT NULL) = (kind IN ('relabelled', 'added'))),
    CHECK ((was IS NOT NULL) = (kind IN ('relabelled', 'deleted'))),
    CHECK ((undoes IS NOT NULL) = (kind = 'undone'))
);
CREATE INDEX beat_corrections_patient ON beat_corrections (patient_id, t);
CREATE TRIGGER beat_corrections_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON beat_corrections
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Those that hold.
CREATE VIEW standing_beat_corrections WITH (security_invoker = true) AS
SELECT DISTINCT ON (c.patient_id, c.t) c.*
FROM beat_corrections AS c
WHERE c.kind <> 'undone' AND NOT EXISTS (SELECT FROM beat_corrections AS u WHERE u.undoes = c.correction_id)
ORDER BY c.patient_id, c.t, c.correction_id DESC;

-- What the team writes about a patient, or about a moment of the signal (`about_at`). Append-only: a note that corrects
-- another names it, and an empty one takes it back.
CREATE TABLE patient_notes (
    note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    text text NOT NULL CHECK (length(text) <= 4000),
    about_at timestamptz,
    corrects bigint REFERENCES patient_notes UNIQUE,
    user_id bigint NOT NULL REFERENCES users,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (text <> '' OR corrects IS NOT NULL)
);
CREATE INDEX patient_notes_patient ON patient_notes (patient_id, note_id);
CREATE TRIGGER patient_notes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON patient_notes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Each change of a patient's own limits, by whom; null: the catalogue's.
CREATE TABLE limit_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    call text NOT NULL,
    name text NOT NULL,
    value double precision,
    was double precision,
    user_id bigint NOT NULL REFERENCES users,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX limit_changes_patient ON limit_changes (patient_id, change_id);
CREATE TRIGGER limit_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON limit_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Each change of a battery, as the device said it. Written with the status itself, whoever writes that.
CREATE TABLE battery_levels (
    device_id text NOT NULL REFERENCES devices,
    t timestamptz NOT NULL,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    percent smallint NOT NULL,
    PRIMARY KEY (device_id, t)
);
CREATE INDEX battery_levels_patient ON battery_levels (patient_id, t);

CREATE FUNCTION keep_battery() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO battery_levels (device_id, t, tenant_id, patient_id, percent)
    SELECT NEW.device_id, NEW.t, d.tenant_id, d.patient_id, NEW.battery_percent
    FROM devices AS d WHERE d.device_id = NEW.device_id
    ON CONFLICT (device_id, t) DO UPDATE SET percent = excluded.percent;
    RETURN NULL;
END
$body$;
CREATE TRIGGER device_status_battery_first AFTER INSERT ON device_status
    FOR EACH ROW WHEN (NEW.battery_percent IS NOT NULL) EXECUTE FUNCTION keep_battery();
CREATE TRIGGER device_status_battery AFTER UPDATE ON device_status
    FOR EACH ROW WHEN (NEW.battery_percent IS DISTINCT FROM OLD.battery_percent AND NEW.battery_percent IS NOT NULL)
    EXECUTE FUNCTION keep_battery();
INSERT INTO battery_levels (device_id, t, tenant_id, patient_id, percent)
SELECT s.device_id, s.t, d.tenant_id, d.patient_id, s.battery_percent
FROM device_status AS s JOIN devices AS d USING (device_id)
WHERE s.battery_percent IS NOT NULL;
