-- Who may connect: what devices are paired, with which secret, and which are shut out. Secrets are here as hashes only.

ALTER TABLE devices
    ADD COLUMN description text NOT NULL DEFAULT '',
    ADD COLUMN revoked_at timestamptz,
    ADD COLUMN revoked_by bigint REFERENCES users,
    ADD COLUMN revoked_why text NOT NULL DEFAULT '';

-- The hash of each device's secret as the broker keeps it too (PBKDF2, SHA-512): a broker that lost its memory is given
-- it back from here.
CREATE TABLE device_credentials (
    device_id text PRIMARY KEY REFERENCES devices,
    tenant_id integer NOT NULL REFERENCES tenants,
    salt bytea NOT NULL,
    iterations integer NOT NULL,
    hash bytea NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT now()
);

-- Mixed into the hash of every code, so that nobody computes them beforehand.
CREATE TABLE installation (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    pepper bytea NOT NULL
);
INSERT INTO installation (pepper) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

-- Codes by which a device is given to a patient: used once, for ten minutes.
CREATE TABLE pairing_codes (
    pairing_code_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    code_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by bigint NOT NULL REFERENCES users,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    device_id text REFERENCES devices,
    CHECK ((used_at IS NULL) = (device_id IS NULL))
);
CREATE INDEX pairing_codes_patient ON pairing_codes (patient_id, created_at);

-- Wrong codes, by the network address from which they came.
CREATE TABLE pairing_failures (
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    address text NOT NULL
);
CREATE INDEX pairing_failures_at ON pairing_failures (at);

ALTER TABLE audit_events ADD COLUMN device_id text REFERENCES devices;

-- Ingest forgets what it knew of a device whose right to send has changed.
CREATE FUNCTION tell_device() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('heartwire_devices', NEW.device_id);
    RETURN NULL;
END
$body$;
CREATE TRIGGER devices_tell AFTER UPDATE OF revoked_at ON devices FOR EACH ROW
    WHEN (NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) EXECUTE FUNCTION tell_device();
