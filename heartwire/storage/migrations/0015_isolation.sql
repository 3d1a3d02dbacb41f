-- Who sees what, by the database's own hand (docs/adr/0022): tenants and wards are told apart by row-level security, whatever
-- the pages' server asks. And what signing in needs besides a password.

ALTER TABLE users
    DROP CONSTRAINT users_role_check,
    ADD CONSTRAINT users_role_check
        CHECK (role IN ('nurse', 'physician', 'technician', 'admin', 'patient', 'tester')),
    -- Null: signs in elsewhere only (`identities`).
    ALTER COLUMN password_hash DROP NOT NULL,
    -- Sees all wards of the tenant; otherwise those of `ward_members`.
    ADD COLUMN all_wards boolean NOT NULL DEFAULT true;

CREATE TABLE wards (
    ward_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    name text NOT NULL CHECK (name <> ''),
    -- In which its people live, as the IANA names it.
    zone text NOT NULL DEFAULT 'UTC',
    UNIQUE (tenant_id, name)
);

CREATE TABLE ward_members (
    user_id bigint NOT NULL REFERENCES users,
    ward_id integer NOT NULL REFERENCES wards ON DELETE CASCADE,
    tenant_id integer NOT NULL REFERENCES tenants,
    PRIMARY KEY (user_id, ward_id)
);
CREATE INDEX ward_members_ward ON ward_members (ward_id);

-- Null: all.
CREATE FUNCTION wards_of(who bigint) RETURNS integer[] LANGUAGE sql STABLE AS $body$
    SELECT CASE WHEN NOT all_wards THEN
        ARRAY(SELECT m.ward_id FROM ward_members AS m WHERE m.user_id = u.user_id ORDER BY m.ward_id)
    END
    FROM users AS u
    WHERE u.user_id = who
$body$;

-- `ward` is the name of `ward_id`, kept so by the two triggers below. No ward: seen by those who see all wards.
ALTER TABLE patients ADD COLUMN ward_id integer REFERENCES wards;
INSERT INTO wards (tenant_id, name) SELECT DISTINCT tenant_id, ward FROM patients WHERE ward <> '';
UPDATE patients AS p SET ward_id = w.ward_id FROM wards AS w WHERE w.tenant_id = p.tenant_id AND w.name = p.ward;
CREATE INDEX patients_ward ON patients (ward_id);

CREATE FUNCTION place_patient() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    SELECT ward_id INTO NEW.ward_id FROM wards WHERE tenant_id = NEW.tenant_id AND name = NEW.ward;
    IF NOT FOUND AND NEW.ward <> '' AND NEW.tenant_id IS NOT NULL THEN
        INSERT INTO wards (tenant_id, name) VALUES (NEW.tenant_id, NEW.ward)
        ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name
        RETURNING ward_id INTO NEW.ward_id;
    END IF;
    RETURN NEW;
END
$body$;
CREATE TRIGGER patients_place BEFORE INSERT OR UPDATE OF ward ON patients
    FOR EACH ROW EXECUTE FUNCTION place_patient();

CREATE FUNCTION rename_ward() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE patients SET ward = NEW.name WHERE ward_id = NEW.ward_id;
    RETURN NULL;
END
$body$;
CREATE TRIGGER wards_rename AFTER UPDATE OF name ON wards
    FOR EACH ROW WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION rename_ward();

-- Who of another ward was let see a patient, for what reason, until when; told to the patient's team. Never changed.
CREATE TABLE glass_breaks (
    glass_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    user_id bigint NOT NULL REFERENCES users,
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until_at timestamptz NOT NULL
);
CREATE INDEX glass_breaks_user ON glass_breaks (user_id, until_at);
CREATE TRIGGER glass_breaks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON glass_breaks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Sessions can be named, listed and ended: from where, with what browser, by what they began.
ALTER TABLE sessions
    ADD COLUMN session_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN agent text NOT NULL DEFAULT '',
    ADD COLUMN method text NOT NULL DEFAULT 'password'
        CHECK (method IN ('password', 'password+totp', 'password+recovery', 'oidc'));
CREATE INDEX sessions_user ON sessions (user_id);

-- A second factor: time-based one-time passwords (RFC 6238). A step is taken once: `last_step`.
CREATE TABLE user_factors (
    user_id bigint PRIMARY KEY REFERENCES users,
    tenant_id integer NOT NULL REFERENCES tenants,
    secret bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Null until a first code showed that the app has it.
    confirmed_at timestamptz
);
CREATE TABLE recovery_codes (
    user_id bigint NOT NULL REFERENCES users,
    tenant_id integer NOT NULL REFERENCES tenants,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);
-- Whose password alone does not do.
CREATE TABLE second_factor_roles (
    tenant_id integer NOT NULL REFERENCES tenants,
    role text NOT NULL,
    PRIMARY KEY (tenant_id, role)
);

-- Who signs in elsewhere (OpenID Connect), by what his provider calls him.
CREATE TABLE identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    tenant_id integer NOT NULL REFERENCES tenants,
    user_id bigint NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);
-- Sign-ins on their way: known again by the state that comes back and by the browser that began.
CREATE TABLE sign_in_states (
    state_hash bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX audit_events_tenant ON audit_events (tenant_id, audit_id);

-- What a transaction of the pages' server may see; it says so itself (dashboard/database.sql). Nothing said: nothing.
CREATE FUNCTION seen_tenant() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS $body$
    SELECT nullif(current_setting('heartwire.tenant_id', true), '')::integer
$body$;
CREATE FUNCTION sees_all_wards() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $body$
    SELECT coalesce(current_setting('heartwire.wards', true) = '*', false)
$body$;
CREATE FUNCTION seen_wards() RETURNS integer[] LANGUAGE sql STABLE PARALLEL SAFE AS $body$
    SELECT nullif(nullif(current_setting('heartwire.wards', true), '*'), '')::integer[]
$body$;
CREATE FUNCTION seen_patients() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $body$
    SELECT nullif(current_setting('heartwire.patients', true), '')::bigint[]
$body$;

-- Lets row-level security hold for every table that has a tenant, and gives the pages' server its rights; does what is
-- missing and nothing else. Called at the end of `heartwire migrate` and after a restore, so no table is forgotten.
--
-- heartwire_pages: what `connection_as` and `connection_of` are. heartwire_door: signing in, pairing, devices that ask.
-- Each expression in a policy is asked once a statement (a subquery without outer columns), but for those by alarm or
-- device, and these only where somebody sees some wards alone.
CREATE FUNCTION isolate() RETURNS integer LANGUAGE plpgsql AS $body$
DECLARE
    one record;
    wanted_role text;
    own text;
    n integer := 0;
    -- What only services write, and what nobody rewrites.
    read_only CONSTANT text[] := ARRAY[
        'tenants', 'device_status', 'streams', 'ecg_frames', 'ecg_blocks', 'hr_frames', 'patient_events', 'beats', 'episodes',
        'rhythms', 'reruns', 'beat_minutes', 'ecg_minutes', 'hrv_hours', 'hrv_due', 'device_links', 'signal_states',
        'analysis_checkpoints', 'retention_log'
    ];
    insert_only CONSTANT text[] := ARRAY['alarm_events', 'audit_events', 'glass_breaks'];
    -- Secrets: the door's alone, or without their secret columns (below).
    secret CONSTANT text[] := ARRAY[
        'users', 'sessions', 'device_credentials', 'user_factors', 'recovery_codes', 'identities'
    ];
    hidden CONSTANT text[] := ARRAY['sign_in_failures', 'pairing_failures', 'sign_in_states', 'dead_letters', 'push_key'];
    door CONSTANT text[] := ARRAY[
        'tenants', 'users', 'api_tokens', 'wards', 'ward_members', 'sessions', 'sign_in_failures', 'user_factors', 'recovery_codes',
        'second_factor_roles', 'identities', 'sign_in_states', 'glass_breaks', 'audit_events', 'patients', 'devices',
        'device_credentials', 'pairing_codes', 'pairing_failures', 'notices', 'push_key'
    ];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('heartwire isolate'));
    FOREACH wanted_role IN ARRAY ARRAY['heartwire_pages', 'heartwire_door'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this server did it in this moment
            END;
        END IF;
    END LOOP;
    FOR one IN
        SELECT
            c.oid,
            c.relname::text AS name,
            bool_or(a.attname = 'tenant_id') AS has_tenant,
            bool_or(a.attname = 'patient_id') AS has_patient,
            bool_or(a.attname = 'alarm_id') AS has_alarm,
            bool_or(a.attname = 'device_id') AS has_device,
            bool_or(a.attname = 'ward' AND a.atttypid = 'text'::regtype) AS has_ward,
            EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'seen') AS is_done,
            has_any_column_privilege('heartwire_pages', c.oid, 'SELECT') AS may_pages,
            has_any_column_privilege('heartwire_door', c.oid, 'SELECT') AS may_door
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND c.relname NOT LIKE '%yoyo%'
            -- Tables that belong to an extension are none of ours.
            AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
        GROUP BY c.oid, c.relname
        ORDER BY c.relname
    LOOP
        IF one.has_tenant AND NOT one.is_done THEN
            own := CASE
                WHEN one.name = 'patients' THEN
                    'ward_id = ANY ((SELECT seen_wards())::integer[]) OR patient_id = ANY ((SELECT seen_patients())::bigint[])'
                WHEN one.has_patient THEN
                    'patient_id IS NULL OR patient_id = ANY (ARRAY(SELECT p.patient_id FROM patients AS p WHERE NOT (SELECT sees_all_wards())))'
                WHEN one.has_alarm THEN
                    format('alarm_id IS NULL OR EXISTS (SELECT FROM alarms AS a WHERE a.alarm_id = %I.alarm_id)', one.name)
                WHEN one.has_device THEN
                    format('device_id IS NULL OR EXISTS (SELECT FROM devices AS d WHERE d.device_id = %I.device_id)', one.name)
                ELSE 'true'
            END;
            IF one.has_ward AND one.name <> 'patients' THEN
                own := format(
                    '(%s) AND (ward IS NULL OR ward = ANY ('
                    'ARRAY(SELECT w.name FROM wards AS w WHERE w.ward_id = ANY ((SELECT seen_wards())::integer[]))))', own
                );
            END IF;
            EXECUTE format(
                'CREATE POLICY seen ON %I USING ('
                'tenant_id = (SELECT seen_tenant()) AND ((SELECT sees_all_wards()) OR %s))',
                one.name, own
            );
            IF one.name = ANY (door) THEN
                EXECUTE format('CREATE POLICY door ON %I TO heartwire_door USING (true)', one.name);
            END IF;
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
            n := n + 1;
        END IF;
        IF NOT one.may_pages AND one.name <> ALL (hidden) THEN
            IF one.name = 'users' THEN
                GRANT SELECT (user_id, tenant_id, login, name, role, language, created_at, disabled_at, all_wards)
                    ON users TO heartwire_pages;
                GRANT INSERT, UPDATE ON users TO heartwire_pages;
            ELSIF one.name = 'sessions' THEN
                GRANT SELECT (
                    session_id, user_id, tenant_id, created_at, last_seen_at, expires_at, address, agent, method
                ) ON sessions TO heartwire_pages;
                GRANT DELETE ON sessions TO heartwire_pages;
            ELSIF one.name = 'device_credentials' THEN
                GRANT SELECT (device_id, tenant_id, issued_at), INSERT, UPDATE ON device_credentials TO heartwire_pages;
            ELSIF one.name = 'user_factors' THEN
                GRANT SELECT (user_id, tenant_id, created_at, confirmed_at), DELETE ON user_factors TO heartwire_pages;
            ELSIF one.name = 'recovery_codes' THEN
                GRANT SELECT (user_id, tenant_id, used_at), DELETE ON recovery_codes TO heartwire_pages;
            ELSIF one.name = 'identities' THEN
                GRANT SELECT, INSERT, DELETE ON identities TO heartwire_pages;
            ELSIF NOT one.has_tenant OR one.name = ANY (read_only) THEN
                EXECUTE format('GRANT SELECT ON %I TO heartwire_pages', one.name);
            ELSIF one.name = ANY (insert_only) THEN
                EXECUTE format('GRANT SELECT, INSERT ON %I TO heartwire_pages', one.name);
            ELSE
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heartwire_pages', one.name);
            END IF;
        END IF;
        IF NOT one.may_door AND (one.name = ANY (door) OR (NOT one.has_tenant AND one.name <> ALL (hidden))) THEN
            EXECUTE format(
                'GRANT %s ON %I TO heartwire_door',
                CASE WHEN one.name = ANY (door) THEN 'SELECT, INSERT, UPDATE, DELETE' ELSE 'SELECT' END, one.name
            );
        END IF;
    END LOOP;
    -- A view reads with the rights of who asks, not of who made it.
    FOR one IN
        SELECT
            c.relname::text AS name,
            coalesce(c.reloptions, '{}') @> ARRAY['security_invoker=true'] AS is_done,
            has_table_privilege('heartwire_pages', c.oid, 'SELECT') AS may_pages
        FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
            AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        IF NOT one.is_done THEN
            EXECUTE format('ALTER VIEW %I SET (security_invoker = true)', one.name);
            n := n + 1;
        END IF;
        IF NOT one.may_pages THEN
            EXECUTE format('GRANT SELECT ON %I TO heartwire_pages', one.name);
        END IF;
    END LOOP;
    RETURN n;
END
$body$;
