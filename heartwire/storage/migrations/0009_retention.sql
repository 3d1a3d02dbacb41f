-- What may be forgotten, by whose word, what must not be, and what was (docs/adr/0010).

-- How long each kind of data is kept. No row: for ever. Dead letters are nobody's: their policy has no tenant.
CREATE TABLE retention_policies (
    tenant_id integer REFERENCES tenants,
    kind text NOT NULL CHECK (kind IN ('ecg', 'beats', 'alarms', 'dead_letters')),
    keep_days integer NOT NULL CHECK (keep_days BETWEEN 1 AND 36500),
    keep_rows bigint CHECK (keep_rows > 0),
    effective_at timestamptz NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (tenant_id, kind),
    CHECK ((tenant_id IS NULL) = (kind = 'dead_letters')),
    CHECK (keep_rows IS NULL OR kind = 'dead_letters')
);
INSERT INTO retention_policies (kind, keep_days, keep_rows, effective_at, set_by)
VALUES ('dead_letters', 90, 200000, now(), 'heartwire');

-- A patient of whom nothing may be dropped, whatever the policy.
CREATE TABLE legal_holds (
    hold_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id bigint NOT NULL REFERENCES patients,
    tenant_id integer NOT NULL REFERENCES tenants,
    why text NOT NULL CHECK (why <> ''),
    placed_by text NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_by text,
    released_at timestamptz,
    CHECK ((released_by IS NULL) = (released_at IS NULL))
);
CREATE UNIQUE INDEX legal_holds_open ON legal_holds (patient_id) WHERE released_at IS NULL;

-- What was dropped: written in the transaction that drops it, and never changed.
CREATE TABLE retention_log (
    log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tenant_id integer REFERENCES tenants,
    patient_id bigint REFERENCES patients,
    kind text NOT NULL,
    before timestamptz NOT NULL,
    oldest timestamptz,
    n_rows bigint NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    dropped_by text NOT NULL
);
CREATE INDEX retention_log_patient ON retention_log (patient_id, kind, before);
CREATE TRIGGER retention_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON retention_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION is_held(patient bigint) RETURNS boolean LANGUAGE sql STABLE AS $body$
    SELECT EXISTS (SELECT FROM legal_holds WHERE patient_id = patient AND released_at IS NULL)
$body$;

-- The ledger of alarms stays append-only but for retention: an event goes only if the same transaction has written to
-- the log that this patient's alarms of before then are dropped, and nobody holds the patient. There is no other way.
DROP TRIGGER alarm_events_append_only ON alarm_events;
CREATE TRIGGER alarm_events_append_only BEFORE UPDATE OR TRUNCATE ON alarm_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_unlogged_drop() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM alarms AS a JOIN retention_log AS r ON r.patient_id = a.patient_id
        WHERE a.alarm_id = OLD.alarm_id AND r.kind = 'alarms' AND r.xid = pg_current_xact_id()
            AND r.at >= transaction_timestamp() AND OLD.at < r.before AND NOT is_held(a.patient_id)
    ) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$body$;
CREATE TRIGGER alarm_events_kept BEFORE DELETE ON alarm_events
    FOR EACH ROW EXECUTE FUNCTION refuse_unlogged_drop();
