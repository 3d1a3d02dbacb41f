-- What is made of the record: reports for the file, and rehearsals of limits (docs/adr/0026).

-- A report that somebody asked for. It is made by the pages' server that was asked, which says again and again that it is
-- still at it: one that died leaves a report that nobody makes. The file goes after a while, who had it made stays.
CREATE TABLE reports (
    report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    asked_by bigint NOT NULL REFERENCES users,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    language text NOT NULL,
    zone text NOT NULL,
    progress real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_at timestamptz,
    failed text,
    sha256 bytea,
    pdf bytea,
    CHECK (from_at < to_at),
    CHECK (made_at IS NULL OR failed IS NULL),
    CHECK ((made_at IS NULL) = (sha256 IS NULL)),
    CHECK (pdf IS NULL OR made_at IS NOT NULL)
);
-- A PDF is compressed as it is.
ALTER TABLE reports ALTER COLUMN pdf SET STORAGE EXTERNAL;
CREATE INDEX reports_patient ON reports (patient_id, asked_at);

-- Stored signal analysed with limits that a patient might get, before they are his. Taken up by any analytics process;
-- `done_until` moves through the stretch, `result` comes at its end. `limits`: all of the patient's own, as they would be.
CREATE TABLE rehearsals (
    rehearsal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    asked_by bigint NOT NULL REFERENCES users,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    limits jsonb NOT NULL,
    -- How often a process began it: one that ends processes is given up.
    attempts integer NOT NULL DEFAULT 0,
    done_until timestamptz,
    ended_at timestamptz,
    cancelled_at timestamptz,
    failed text,
    result jsonb,
    CHECK (from_at < to_at),
    CHECK (result IS NULL OR (ended_at IS NOT NULL AND failed IS NULL))
);
CREATE INDEX rehearsals_due ON rehearsals (rehearsal_id) WHERE ended_at IS NULL AND cancelled_at IS NULL;
CREATE INDEX rehearsals_patient ON rehearsals (patient_id, asked_at);

-- Who asks is waiting: a process that is idle begins at once.
CREATE FUNCTION tell_rehearsal() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('heartwire_rehearsal', NEW.rehearsal_id::text);
    RETURN NULL;
END
$body$;
CREATE TRIGGER rehearsals_tell AFTER INSERT ON rehearsals FOR EACH ROW EXECUTE FUNCTION tell_rehearsal();
