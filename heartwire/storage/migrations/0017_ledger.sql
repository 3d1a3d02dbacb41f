-- The ledger: everything that happens to an alarm, sealed into one chain of hashes for each tenant (docs/adr/0024).

-- What is committed and not sealed yet. Written with the row itself, by its trigger, so that it becomes visible when the
-- row does: whoever seals needs no order of commit, and an old open transaction holds nobody else's rows back.
CREATE TABLE ledger_due (
    due_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    source text NOT NULL,
    source_id bigint NOT NULL,
    alarm_id bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One entry for each row of a source. `content` is the hash of the row, `hash` that of the entry and of the one before
-- it (heartwire/ledger.py). No reference to an alarm: entries outlive what retention drops.
CREATE TABLE ledger (
    tenant_id integer NOT NULL REFERENCES tenants,
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    source text NOT NULL,
    source_id bigint NOT NULL,
    alarm_id bigint,
    content bytea NOT NULL CHECK (octet_length(content) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant_id, seq),
    UNIQUE (source, source_id)
);
CREATE INDEX ledger_alarm ON ledger (alarm_id, seq);
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who writes an event needs no right to the ledger, and has none.
CREATE FUNCTION seal_alarm_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
    INSERT INTO ledger_due (tenant_id, source, source_id, alarm_id)
    SELECT tenant_id, 'alarm_events', event_id, alarm_id FROM new_rows ORDER BY event_id;
    RETURN NULL;
END
$body$;
CREATE TRIGGER alarm_events_seal AFTER INSERT ON alarm_events REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION seal_alarm_events();

-- What retention drops is in the ledger too: a row that is gone by its word is not missing.
CREATE FUNCTION seal_retention_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
    INSERT INTO ledger_due (tenant_id, source, source_id)
    SELECT tenant_id, 'retention_log', log_id FROM new_rows WHERE tenant_id IS NOT NULL ORDER BY log_id;
    RETURN NULL;
END
$body$;
CREATE TRIGGER retention_log_seal AFTER INSERT ON retention_log REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION seal_retention_log();

-- What there is already.
INSERT INTO ledger_due (tenant_id, source, source_id, alarm_id)
SELECT tenant_id, 'alarm_events', event_id, alarm_id FROM alarm_events ORDER BY event_id;
INSERT INTO ledger_due (tenant_id, source, source_id)
SELECT tenant_id, 'retention_log', log_id FROM retention_log WHERE tenant_id IS NOT NULL ORDER BY log_id;

-- Each time that somebody had a tenant's chain counted anew: `n_entries` is how far it is, and all of it at the end.
CREATE TABLE ledger_checks (
    check_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    user_id bigint REFERENCES users,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    touched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    n_entries bigint NOT NULL DEFAULT 0,
    of_entries bigint NOT NULL DEFAULT 0,
    report jsonb
);
CREATE INDEX ledger_checks_tenant ON ledger_checks (tenant_id, check_id);
