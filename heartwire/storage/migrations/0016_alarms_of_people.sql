-- The whole life of an alarm, and whose it is (docs/adr/0023): shown, silenced, escalated, told, reviewed; pauses, which
-- are seen and end by themselves; the nurse of each patient, and handing over to the next.

ALTER TABLE alarm_events
    DROP CONSTRAINT alarm_events_kind_check,
    DROP CONSTRAINT alarm_events_check,
    ADD CONSTRAINT alarm_events_kind_check CHECK (kind IN (
        'raised', 'added', 'paused', 'shown', 'notified', 'escalated', 'suppressed', 'ended',
        'acknowledged', 'acknowledgement_undone', 'silenced', 'silence_undone', 'reviewed', 'review_undone', 'handed_over'
    )),
    -- What only a person does has one; what only the system does has none. `shown`: on whose screen; `notified`: to whom.
    ADD CONSTRAINT alarm_events_check CHECK (CASE
        WHEN kind IN ('shown', 'notified') THEN true
        WHEN kind IN ('raised', 'added', 'paused', 'escalated', 'suppressed', 'ended') THEN user_id IS NULL
        ELSE user_id IS NOT NULL
    END);
-- The first screen that painted an alarm counts, whoever says so at the same time.
CREATE UNIQUE INDEX alarm_events_once ON alarm_events (alarm_id, kind) WHERE kind IN ('shown', 'paused');

-- Only what the marks of `alarms` are about touches its row.
DROP TRIGGER alarm_events_mark ON alarm_events;
CREATE TRIGGER alarm_events_mark AFTER INSERT ON alarm_events
    FOR EACH ROW WHEN (NEW.kind IN ('ended', 'suppressed', 'acknowledged', 'acknowledgement_undone'))
    EXECUTE FUNCTION mark_alarm();

-- A stretch of the server's time that a person set. A clock that is set back does not make it longer: what begins in the
-- time to come does not hold.
CREATE FUNCTION is_in_force(from_at timestamptz, until_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $body$
    SELECT from_at - interval '5 s' <= statement_timestamp() AND statement_timestamp() < until_at
$body$;

-- Sound, or alarms altogether, paused by a named person for a bounded time: of a patient, of a ward, or (sound only) of all.
CREATE TABLE pauses (
    pause_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    kind text NOT NULL CHECK (kind IN ('audio_paused', 'alarms_paused', 'alarms_off')),
    patient_id bigint REFERENCES patients,
    ward text,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until_at timestamptz NOT NULL,
    user_id bigint NOT NULL REFERENCES users,
    reason text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}',
    ended_at timestamptz,
    ended_by bigint REFERENCES users,
    CHECK (begun_at < until_at),
    CHECK (patient_id IS NULL OR ward IS NULL),
    CHECK (kind <> 'alarms_paused' OR patient_id IS NOT NULL OR ward IS NOT NULL),
    CHECK (kind <> 'alarms_off' OR patient_id IS NOT NULL AND reason <> ''),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX pauses_lasting ON pauses (tenant_id, until_at) WHERE ended_at IS NULL;

-- The pause that holds back a patient's alarms now, the one that lasts longest.
CREATE FUNCTION alarms_pause_of(patient bigint) RETURNS SETOF pauses LANGUAGE sql STABLE AS $body$
    SELECT s.*
    FROM patients AS p
    JOIN pauses AS s ON s.tenant_id = p.tenant_id AND (s.patient_id = p.patient_id OR s.ward = p.ward)
    WHERE p.patient_id = patient AND s.kind <> 'audio_paused' AND s.ended_at IS NULL
        AND is_in_force(s.begun_at, s.until_at)
    ORDER BY s.until_at DESC
    LIMIT 1
$body$;

-- What is raised while its patient's alarms are paused says so, by whoever it is raised: it never sounds for that, and is
-- listed afterwards. In the transaction that raises it.
CREATE FUNCTION mark_paused() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
    SELECT a.alarm_id, a.tenant_id, 'paused', jsonb_build_object('pause_id', s.pause_id, 'pause', s.kind)
    FROM alarms AS a CROSS JOIN LATERAL alarms_pause_of(a.patient_id) AS s
    WHERE a.alarm_id = NEW.alarm_id AND a.patient_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$body$;
CREATE TRIGGER alarm_events_paused AFTER INSERT ON alarm_events
    FOR EACH ROW WHEN (NEW.kind = 'raised') EXECUTE FUNCTION mark_paused();

-- Screens show a pause at once, as they do an alarm.
CREATE FUNCTION tell_ward() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('heartwire_alarm', '');
    RETURN NULL;
END
$body$;
CREATE TRIGGER pauses_tell AFTER INSERT OR UPDATE ON pauses FOR EACH STATEMENT EXECUTE FUNCTION tell_ward();

-- Who hands over all of one's patients to whom. `patients`, `alarms`: which they were when it was offered.
CREATE TABLE hand_overs (
    hand_over_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    from_user bigint NOT NULL REFERENCES users,
    to_user bigint NOT NULL REFERENCES users,
    ward text,
    patients bigint[] NOT NULL,
    alarms bigint[] NOT NULL,
    offered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted_at timestamptz,
    withdrawn_at timestamptz,
    withdrawn_by bigint REFERENCES users,
    CHECK (from_user <> to_user),
    CHECK (accepted_at IS NULL OR withdrawn_at IS NULL),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE INDEX hand_overs_open ON hand_overs (tenant_id) WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
CREATE TRIGGER hand_overs_tell AFTER INSERT OR UPDATE ON hand_overs FOR EACH STATEMENT EXECUTE FUNCTION tell_ward();

-- The nurse of each patient: the last line counts, none (null) too. Append-only.
CREATE TABLE nurse_assignments (
    assignment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    user_id bigint REFERENCES users,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    assigned_by bigint NOT NULL REFERENCES users,
    hand_over_id bigint REFERENCES hand_overs
);
CREATE INDEX nurse_assignments_patient ON nurse_assignments (patient_id, assignment_id DESC);
CREATE TRIGGER nurse_assignments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON nurse_assignments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER nurse_assignments_tell AFTER INSERT ON nurse_assignments FOR EACH STATEMENT EXECUTE FUNCTION tell_ward();

-- Who has a patient now.
CREATE FUNCTION nurse_of(patient bigint) RETURNS bigint LANGUAGE sql STABLE AS $body$
    SELECT user_id FROM nurse_assignments WHERE patient_id = patient ORDER BY assignment_id DESC LIMIT 1
$body$;

-- The fold, as far as it does not depend on the time of day: a silence stands here until it is undone, and holds as long
-- as `is_in_force` says.
DROP VIEW alarm_states;
CREATE VIEW alarm_states WITH (security_invoker = true) AS
SELECT
    a.*,
    e.raised_at,
    e.ended_at,
    e.suppressed_at,
    e.suppressed_by,
    e.additions,
    e.shown_at,
    e.notified_at,
    e.paused_at,
    h.at AS acknowledged_at,
    h.user_id AS acknowledged_by,
    s.at AS silenced_at,
    s.at + (s.detail ->> 'seconds')::integer * interval '1 s' AS silenced_until,
    s.user_id AS silenced_by,
    r.at AS reviewed_at,
    r.user_id AS reviewed_by,
    r.detail ->> 'verdict' AS verdict,
    r.detail ->> 'note' AS review_note,
    c.at AS escalated_at,
    c.detail AS escalation
FROM alarms AS a
CROSS JOIN LATERAL (
    SELECT
        min(v.at) FILTER (WHERE v.kind = 'raised') AS raised_at,
        max(v.at) FILTER (WHERE v.kind = 'ended') AS ended_at,
        max(v.at) FILTER (WHERE v.kind = 'suppressed') AS suppressed_at,
        max(v.detail ->> 'by') FILTER (WHERE v.kind = 'suppressed') AS suppressed_by,
        count(*) FILTER (WHERE v.kind = 'added') AS additions,
        min(v.at) FILTER (WHERE v.kind = 'shown') AS shown_at,
        min(v.at) FILTER (WHERE v.kind = 'notified') AS notified_at,
        min(v.at) FILTER (WHERE v.kind = 'paused') AS paused_at,
        max(v.event_id) FILTER (WHERE v.kind IN ('acknowledged', 'acknowledgement_undone')) AS hand_id,
        max(v.event_id) FILTER (WHERE v.kind IN ('silenced', 'silence_undone')) AS silence_id,
        max(v.event_id) FILTER (WHERE v.kind IN ('reviewed', 'review_undone')) AS review_id,
        max(v.event_id) FILTER (WHERE v.kind = 'escalated') AS escalation_id
    FROM alarm_events AS v
    WHERE v.alarm_id = a.alarm_id
) AS e
LEFT JOIN alarm_events AS h ON h.event_id = e.hand_id AND h.kind = 'acknowledged'
LEFT JOIN alarm_events AS s ON s.event_id = e.silence_id AND s.kind = 'silenced'
LEFT JOIN alarm_events AS r ON r.event_id = e.review_id AND r.kind = 'reviewed'
LEFT JOIN alarm_events AS c ON c.event_id = e.escalation_id;

-- What the pages show of an alarm: with names, and whether it is silenced or its patient's alarms are paused now.
CREATE VIEW alarm_pictures WITH (security_invoker = true) AS
SELECT
    a.*,
    h.name AS acknowledged_name,
    coalesce(a.silenced_until IS NOT NULL AND is_in_force(a.silenced_at, a.silenced_until), false) AS is_silenced,
    s.name AS silenced_name,
    r.name AS reviewed_name,
    p.pause_id IS NOT NULL AS is_paused
FROM alarm_states AS a
LEFT JOIN users AS h ON h.user_id = a.acknowledged_by
LEFT JOIN users AS s ON s.user_id = a.silenced_by
LEFT JOIN users AS r ON r.user_id = a.reviewed_by
LEFT JOIN LATERAL alarms_pause_of(a.patient_id) AS p ON true;
