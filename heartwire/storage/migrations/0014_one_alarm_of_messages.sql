-- One alarm stands for all that a patient wrote and nobody has read, and an alarm says how often something was added to it
-- (docs/adr/0019). Alarms of before, one a message, end one by one as they are read.

ALTER TABLE alarm_events
    DROP CONSTRAINT alarm_events_kind_check,
    ADD CONSTRAINT alarm_events_kind_check
        CHECK (kind IN ('raised', 'added', 'suppressed', 'ended', 'acknowledged', 'acknowledgement_undone'));

-- `additions`: who acknowledges says how many were shown.
CREATE OR REPLACE VIEW alarm_states AS
SELECT
    a.*,
    e.raised_at,
    e.ended_at,
    e.suppressed_at,
    e.suppressed_by,
    CASE WHEN e.last_hand = 'acknowledged' THEN e.hand_at END AS acknowledged_at,
    CASE WHEN e.last_hand = 'acknowledged' THEN e.hand_user END AS acknowledged_by,
    e.additions
FROM alarms AS a
CROSS JOIN LATERAL (
    SELECT
        min(v.at) FILTER (WHERE v.kind = 'raised') AS raised_at,
        max(v.at) FILTER (WHERE v.kind = 'ended') AS ended_at,
        max(v.at) FILTER (WHERE v.kind = 'suppressed') AS suppressed_at,
        max(v.detail ->> 'by') FILTER (WHERE v.kind = 'suppressed') AS suppressed_by,
        (array_agg(v.kind ORDER BY v.event_id DESC) FILTER (WHERE v.user_id IS NOT NULL))[1] AS last_hand,
        (array_agg(v.at ORDER BY v.event_id DESC) FILTER (WHERE v.user_id IS NOT NULL))[1] AS hand_at,
        (array_agg(v.user_id ORDER BY v.event_id DESC) FILTER (WHERE v.user_id IS NOT NULL))[1] AS hand_user,
        count(*) FILTER (WHERE v.kind = 'added') AS additions
    FROM alarm_events AS v
    WHERE v.alarm_id = a.alarm_id
) AS e;

-- Let an alarm say how many messages it stands for, how many of them wait to be read, and when the newest was said.
CREATE FUNCTION count_messages(alarm bigint) RETURNS void LANGUAGE sql AS $body$
    UPDATE alarms SET detail = m.detail
    FROM (
        SELECT
            jsonb_build_object(
                'messages', count(*),
                'unread', count(*) FILTER (WHERE read_at IS NULL),
                'newest_us', (extract(epoch FROM max(said_at)) * 1000000)::bigint
            ) AS detail
        FROM care_messages
        WHERE alarm_id = alarm
    ) AS m
    WHERE alarms.alarm_id = alarm
$body$;
