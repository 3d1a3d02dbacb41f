-- The first schema: who is watched, what their devices sent, what was found, what was told to whom.
-- Every row of a patient carries its tenant. Times are UTC.

CREATE TABLE tenants (
    tenant_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO tenants (name) VALUES ('default');

CREATE TABLE patients (
    patient_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    name text NOT NULL,
    ward text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patients_tenant ON patients (tenant_id);

-- A patient's own limit of a call; what is not here is the catalogue's default.
CREATE TABLE patient_limits (
    patient_id bigint NOT NULL REFERENCES patients,
    tenant_id integer NOT NULL REFERENCES tenants,
    call text NOT NULL,
    name text NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (patient_id, call, name)
);

CREATE TABLE devices (
    device_id text PRIMARY KEY CHECK (device_id ~ '^[0-9abcdefghjkmnpqrstvwxyz]{16}$'),
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 63),
    paired_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX devices_patient ON devices (patient_id);

-- Last status of each device, as the device or its will said it.
CREATE TABLE device_status (
    device_id text PRIMARY KEY REFERENCES devices,
    tenant_id integer NOT NULL REFERENCES tenants,
    boot_id bigint NOT NULL,
    t timestamptz NOT NULL,
    online boolean NOT NULL,
    battery_percent smallint,
    firmware text NOT NULL,
    wearable text NOT NULL,
    rssi_dbm smallint,
    outbox_frames bigint NOT NULL,
    outbox_bytes_left bigint NOT NULL,
    received_at timestamptz NOT NULL
);

-- One stream of one boot of one device. `received` is exactly which seqs are committed: the end of its first
-- range from 0 is the watermark, its gaps are what is missing, and it makes a frame known for good, even
-- after its samples moved elsewhere.
CREATE TABLE streams (
    stream_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    device_id text NOT NULL REFERENCES devices,
    stream text NOT NULL,
    boot_id bigint NOT NULL,
    shard smallint NOT NULL,
    received int8multirange NOT NULL DEFAULT '{}',
    last_sample_at timestamptz,
    last_received_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (device_id, stream, boot_id)
);
CREATE INDEX streams_patient ON streams (patient_id);

-- Raw frames, as they came. `xid` orders them by commit for the analytics cursor.
CREATE TABLE ecg_frames (
    stream_id bigint NOT NULL,
    seq bigint NOT NULL,
    t0 timestamptz NOT NULL,
    tenant_id integer NOT NULL,
    patient_id bigint NOT NULL,
    device_id text NOT NULL,
    shard smallint NOT NULL,
    fs_mhz integer NOT NULL,
    lead text NOT NULL,
    gain double precision NOT NULL,
    baseline smallint NOT NULL,
    flags integer NOT NULL,
    samples bytea NOT NULL,
    received_at timestamptz NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (stream_id, seq, t0)
);
-- Samples of ECG do not compress with a general method: do not try on every insert.
ALTER TABLE ecg_frames ALTER COLUMN samples SET STORAGE EXTERNAL;
CREATE INDEX ecg_frames_xid ON ecg_frames (xid);
CREATE INDEX ecg_frames_patient_t0 ON ecg_frames (patient_id, t0);

CREATE TABLE hr_frames (
    stream_id bigint NOT NULL,
    seq bigint NOT NULL,
    t0 timestamptz NOT NULL,
    tenant_id integer NOT NULL,
    patient_id bigint NOT NULL,
    bpm integer NOT NULL,
    rr_ms integer[] NOT NULL,
    contact smallint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (stream_id, seq, t0)
);
CREATE INDEX hr_frames_patient_t0 ON hr_frames (patient_id, t0);

-- What the patient said: the symptom button and its note.
CREATE TABLE patient_events (
    stream_id bigint NOT NULL REFERENCES streams,
    seq bigint NOT NULL,
    t0 timestamptz NOT NULL,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    kind text NOT NULL,
    text text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (stream_id, seq)
);
CREATE INDEX patient_events_patient_t0 ON patient_events (patient_id, t0);

-- What did not decode or broke a bound: never lost, never in the way.
CREATE TABLE dead_letters (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    topic text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    payload bytea NOT NULL
);
CREATE INDEX dead_letters_reason ON dead_letters (reason, received_at);

CREATE TABLE beats (
    patient_id bigint NOT NULL,
    tenant_id integer NOT NULL,
    device_id text NOT NULL,
    t timestamptz NOT NULL,
    rr_s real,
    amplitude_mv real,
    label "char" NOT NULL,
    engine text NOT NULL,
    PRIMARY KEY (patient_id, t, device_id, engine)
);

-- A stretch of signal of which a call is true. `ended_at` is null while it lasts.
CREATE TABLE episodes (
    episode_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    device_id text NOT NULL REFERENCES devices,
    call text NOT NULL,
    onset_at timestamptz NOT NULL,
    ended_at timestamptz,
    detail jsonb NOT NULL DEFAULT '{}',
    engine text NOT NULL,
    UNIQUE (device_id, call, onset_at, engine)
);
CREATE INDEX episodes_patient ON episodes (patient_id, onset_at);

-- What a person is to be told. Its state is the fold of alarm_events, below. `signal_at` is the time in the
-- signal at which the rule was met. Late alarms (P3) are listed, never sounded. No patient: the system itself.
CREATE TABLE alarms (
    alarm_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint REFERENCES patients,
    device_id text REFERENCES devices,
    call text NOT NULL,
    priority text NOT NULL CHECK (priority IN ('high', 'medium', 'low')),
    onset_at timestamptz NOT NULL,
    signal_at timestamptz NOT NULL,
    late boolean NOT NULL DEFAULT false,
    detail jsonb NOT NULL DEFAULT '{}',
    engine text NOT NULL,
    -- Whether there ever was an event of this kind. Each turns true once and for good, in whatever order events are
    -- committed: so they say which alarms may be open, never which are.
    has_ended boolean NOT NULL DEFAULT false,
    has_suppressed boolean NOT NULL DEFAULT false,
    has_acknowledged boolean NOT NULL DEFAULT false,
    has_undone boolean NOT NULL DEFAULT false,
    UNIQUE NULLS NOT DISTINCT (device_id, call, onset_at, engine)
);
CREATE INDEX alarms_patient ON alarms (patient_id, onset_at);
-- What is open is looked for every second, among all alarms that there ever were: those that may last, and those that
-- may be latched, if their call latches.
CREATE INDEX alarms_lasting ON alarms (tenant_id) WHERE NOT has_ended AND NOT has_suppressed;
CREATE INDEX alarms_unanswered ON alarms (tenant_id, call)
    WHERE has_ended AND NOT has_suppressed AND (NOT has_acknowledged OR has_undone);

CREATE TABLE users (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    login text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('nurse', 'physician', 'admin', 'tester')),
    language text NOT NULL DEFAULT 'en',
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

-- Append-only: nothing is changed or taken away, an undo is one more event.
CREATE TABLE alarm_events (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id bigint NOT NULL REFERENCES alarms,
    tenant_id integer NOT NULL REFERENCES tenants,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL CHECK (kind IN ('raised', 'suppressed', 'ended', 'acknowledged', 'acknowledgement_undone')),
    user_id bigint REFERENCES users,
    detail jsonb NOT NULL DEFAULT '{}',
    CHECK ((user_id IS NOT NULL) = (kind IN ('acknowledged', 'acknowledgement_undone')))
);
CREATE INDEX alarm_events_alarm ON alarm_events (alarm_id, event_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$body$;
CREATE TRIGGER alarm_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alarm_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION mark_alarm() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE alarms SET
        has_ended = has_ended OR NEW.kind = 'ended',
        has_suppressed = has_suppressed OR NEW.kind = 'suppressed',
        has_acknowledged = has_acknowledged OR NEW.kind = 'acknowledged',
        has_undone = has_undone OR NEW.kind = 'acknowledgement_undone'
    WHERE alarm_id = NEW.alarm_id;
    RETURN NULL;
END
$body$;
CREATE TRIGGER alarm_events_mark AFTER INSERT ON alarm_events
    FOR EACH ROW WHEN (NEW.kind <> 'raised') EXECUTE FUNCTION mark_alarm();

CREATE FUNCTION tell_alarm() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('heartwire_alarm', NEW.alarm_id::text);
    RETURN NULL;
END
$body$;
CREATE TRIGGER alarm_events_tell AFTER INSERT ON alarm_events FOR EACH ROW EXECUTE FUNCTION tell_alarm();

-- The fold. An alarm is open while it must stay on the screen: it lasts and is not suppressed, or it is a high
-- clinical one that nobody acknowledged yet (latching; late ones too, in their own list).
CREATE VIEW alarm_states AS
SELECT
    a.*,
    e.raised_at,
    e.ended_at,
    e.suppressed_at,
    e.suppressed_by,
    CASE WHEN e.last_hand = 'acknowledged' THEN e.hand_at END AS acknowledged_at,
    CASE WHEN e.last_hand = 'acknowledged' THEN e.hand_user END AS acknowledged_by
FROM alarms AS a
CROSS JOIN LATERAL (
    SELECT
        min(v.at) FILTER (WHERE v.kind = 'raised') AS raised_at,
        max(v.at) FILTER (WHERE v.kind = 'ended') AS ended_at,
        max(v.at) FILTER (WHERE v.kind = 'suppressed') AS suppressed_at,
        max(v.detail ->> 'by') FILTER (WHERE v.kind = 'suppressed') AS suppressed_by,
        (array_agg(v.kind ORDER BY v.event_id DESC) FILTER (WHERE v.user_id IS NOT NULL))[1] AS last_hand,
        (array_agg(v.at ORDER BY v.event_id DESC) FILTER (WHERE v.user_id IS NOT NULL))[1] AS hand_at,
        (array_agg(v.user_id ORDER BY v.event_id DESC) FILTER (WHERE v.user_id IS NOT NULL))[1] AS hand_user
    FROM alarm_events AS v
    WHERE v.alarm_id = a.alarm_id
) AS e;

-- What the engine last knew of a device's signal; for the ward, not for the record.
CREATE TABLE signal_states (
    device_id text PRIMARY KEY REFERENCES devices,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    hr_bpm real,
    quality text NOT NULL,
    analysed_until timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    engine text NOT NULL
);
CREATE INDEX signal_states_patient ON signal_states (patient_id);

-- How far analysis is, by shard: every frame with a smaller xid than `next_xid` is analysed. Where to read again after a
-- restart: every frame with a smaller xid than `replay_xid` is contained in its device's checkpoint.
CREATE TABLE analytics_cursors (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    next_xid xid8 NOT NULL DEFAULT '0',
    replay_xid xid8 NOT NULL DEFAULT '0'
);
INSERT INTO analytics_cursors (shard) SELECT generate_series(0, 63);

-- An engine's row of one device after every frame with an xid below `next_xid`.
CREATE TABLE analysis_checkpoints (
    device_id text PRIMARY KEY REFERENCES devices,
    tenant_id integer NOT NULL REFERENCES tenants,
    engine text NOT NULL,
    next_xid xid8 NOT NULL,
    state bytea NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
);

-- Which services live. One that stops writing here is seen to be silent.
CREATE TABLE service_heartbeats (
    service text NOT NULL,
    instance text NOT NULL,
    at timestamptz NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (service, instance)
);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    tenant_id integer NOT NULL REFERENCES tenants,
    csrf_token text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE TABLE sign_in_failures (
    at timestamptz NOT NULL DEFAULT now(),
    login text NOT NULL,
    address text NOT NULL
);
CREATE INDEX sign_in_failures_at ON sign_in_failures (at);

-- Who saw what.
CREATE TABLE audit_events (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_id integer NOT NULL REFERENCES tenants,
    user_id bigint REFERENCES users,
    action text NOT NULL,
    patient_id bigint REFERENCES patients,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- With TimescaleDB the big tables are hypertables; without it they stay plain tables and all else is the same.
DO $body$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
        PERFORM create_hypertable('ecg_frames', by_range('t0', interval '1 hour'), create_default_indexes => false);
        PERFORM create_hypertable('hr_frames', by_range('t0', interval '1 day'), create_default_indexes => false);
        PERFORM create_hypertable('beats', by_range('t', interval '1 day'), create_default_indexes => false);
    END IF;
END
$body$;
