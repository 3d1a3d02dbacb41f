-- What the engine tells beside beats and calls: how sure it is of an alarm, and from when on a rhythm is another.

-- How sure the engine was when it raised it, 0 to 1; null where nobody said.
ALTER TABLE alarms ADD COLUMN confidence real CHECK (confidence BETWEEN 0 AND 1);

-- A view keeps the columns that its table had when it was made.
DROP VIEW alarm_states;
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

-- From `t` on a device's rhythm is another, as MIT-BIH databases call it. `is_late`: of a stretch of late signal, which
-- has a rhythm of its own; what follows after it is what the others say.
CREATE TABLE rhythms (
    patient_id bigint NOT NULL,
    tenant_id integer NOT NULL,
    device_id text NOT NULL,
    t timestamptz NOT NULL,
    rhythm text NOT NULL,
    is_late boolean NOT NULL,
    engine text NOT NULL,
    PRIMARY KEY (patient_id, t, device_id, engine)
);

DO $body$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('rhythms', by_range('t', interval '30 days'), create_default_indexes => false);
    END IF;
END
$body$;
