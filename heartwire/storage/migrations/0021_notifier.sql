-- Telling people who are not in front of a screen (docs/adr/0023): by which ways each is reached, who is on call when, after
-- what delays the next is told, and what was sent to whom with what outcome.

-- A way to reach somebody. `address` is a secret: an apprise URL, a browser's push subscription (JSON), nothing for the
-- canary's; `scheme` and `label` are what is shown of it.
CREATE TABLE contacts (
    contact_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    user_id bigint NOT NULL REFERENCES users,
    kind text NOT NULL CHECK (kind IN ('apprise', 'web_push', 'canary')),
    label text NOT NULL CHECK (label <> ''),
    scheme text NOT NULL,
    address text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by bigint NOT NULL REFERENCES users,
    removed_at timestamptz,
    removed_by bigint REFERENCES users,
    -- Attempts that failed since the last that did not.
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    problem text NOT NULL DEFAULT '',
    CHECK ((failures = 0) = (failing_since IS NULL))
);
CREATE INDEX contacts_user ON contacts (user_id) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX contacts_once ON contacts (user_id, kind, md5(address)) WHERE removed_at IS NULL;

-- Who is on call: from when to when, for one ward or all, and as whom: 1 is told first.
CREATE TABLE on_call (
    on_call_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    user_id bigint NOT NULL REFERENCES users,
    step smallint NOT NULL CHECK (step BETWEEN 1 AND 9),
    ward text,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by bigint NOT NULL REFERENCES users,
    removed_at timestamptz,
    removed_by bigint REFERENCES users,
    CHECK (from_at < to_at)
);
CREATE INDEX on_call_time ON on_call (tenant_id, to_at) WHERE removed_at IS NULL;

-- After how many seconds without an answer each step is taken, counted from the step before; by priority, of a ward or all.
-- Without a row: heartwire/escalation.py. An empty list: nobody is told.
CREATE TABLE escalation_chains (
    chain_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    ward text,
    priority text NOT NULL CHECK (priority IN ('high', 'medium', 'low')),
    delays_s integer[] NOT NULL CHECK (cardinality(delays_s) <= 9),
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by bigint NOT NULL REFERENCES users,
    UNIQUE NULLS NOT DISTINCT (tenant_id, ward, priority)
);

-- How far an alarm's chain is: the last step that was taken, and how long the next was waited for, by monotonic clocks.
-- `hurries`: the next is due now, since who was told cannot, or nobody could be reached.
CREATE TABLE escalations (
    alarm_id bigint PRIMARY KEY REFERENCES alarms ON DELETE CASCADE,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint REFERENCES patients,
    step smallint NOT NULL DEFAULT 0,
    waited_us bigint NOT NULL DEFAULT 0,
    hurries boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- When time was last counted; tells a process that takes over how long nobody did.
CREATE TABLE escalation_clock (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    counted_at timestamptz NOT NULL
);
INSERT INTO escalation_clock (counted_at) VALUES (now());

-- One message to one contact: what its link opens. The link's token is here as a hash only.
CREATE TABLE notices (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    contact_id integer NOT NULL REFERENCES contacts,
    user_id bigint NOT NULL REFERENCES users,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);

-- What is to be said to whom: written with the step that says so, `waiting` until it is delivered, or not worth saying any
-- more (`moot`). Without an alarm: a test.
CREATE TABLE notifications (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    alarm_id bigint REFERENCES alarms ON DELETE CASCADE,
    patient_id bigint REFERENCES patients,
    contact_id integer NOT NULL REFERENCES contacts,
    user_id bigint NOT NULL REFERENCES users,
    step smallint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'moot', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    notice_id bigint REFERENCES notices,
    UNIQUE (alarm_id, contact_id, step)
);
CREATE INDEX notifications_waiting ON notifications (contact_id) WHERE state = 'waiting';
CREATE INDEX notifications_notice ON notifications (notice_id);

-- Each attempt to deliver, with what became of it. Append-only but for retention, as alarm_events.
CREATE TABLE notification_attempts (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    notification_id bigint NOT NULL,
    notice_id bigint REFERENCES notices,
    alarm_id bigint,
    patient_id bigint REFERENCES patients,
    contact_id integer NOT NULL REFERENCES contacts,
    user_id bigint NOT NULL REFERENCES users,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    took_ms integer NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'refused', 'failed', 'timeout')),
    problem text NOT NULL DEFAULT ''
);
CREATE INDEX notification_attempts_alarm ON notification_attempts (alarm_id, attempt_id);
CREATE INDEX notification_attempts_contact ON notification_attempts (contact_id, attempt_id DESC);
CREATE TRIGGER notification_attempts_append_only BEFORE UPDATE OR TRUNCATE ON notification_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER notification_attempts_kept BEFORE DELETE ON notification_attempts
    FOR EACH ROW EXECUTE FUNCTION refuse_unlogged_drop();

-- The notifier hears at once of what is to be sent.
CREATE FUNCTION tell_notifier() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('heartwire_notifier', '');
    RETURN NULL;
END
$body$;
CREATE TRIGGER notifications_tell AFTER INSERT ON notifications FOR EACH STATEMENT EXECUTE FUNCTION tell_notifier();
CREATE TRIGGER escalations_tell AFTER UPDATE OF hurries ON escalations FOR EACH ROW WHEN (NEW.hurries AND NOT OLD.hurries)
    EXECUTE FUNCTION tell_notifier();

-- The key by which this server signs its Web Push messages (RFC 8292): made by the first that needs it.
CREATE TABLE push_key (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    private_key bytea NOT NULL
);
