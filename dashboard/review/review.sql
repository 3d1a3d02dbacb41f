-- queue --
-- Alarms of the heart that a person was told and nobody has judged, the gravest call first, the newest of it first; with
-- what the beats after the onset look like, by which like is put beside like.
WITH waiting AS (
    SELECT a.alarm_id, a.patient_id, a.device_id, a.call, a.priority, a.onset_at, a.late, a.detail, a.confidence, a.engine
    FROM alarms AS a
    WHERE a.tenant_id = %(tenant_id)s AND a.onset_at >= now() - %(days)s * interval '1 day'
        AND a.call = ANY(%(calls)s) AND a.device_id IS NOT NULL AND NOT a.has_suppressed
        AND (%(patient_id)s::bigint IS NULL OR a.patient_id = %(patient_id)s)
        AND EXISTS (SELECT FROM alarm_events AS r WHERE r.alarm_id = a.alarm_id AND r.kind = 'raised')
        AND coalesce((
            SELECT r.kind <> 'reviewed' FROM alarm_events AS r
            WHERE r.alarm_id = a.alarm_id AND r.kind IN ('reviewed', 'review_undone')
            ORDER BY r.event_id DESC LIMIT 1
        ), true)
), counted AS (
    SELECT *, count(*) OVER () AS n_waiting FROM waiting
    ORDER BY array_position(ARRAY['high', 'medium', 'low'], priority), array_position(%(calls)s, call), patient_id, onset_at DESC
    LIMIT %(limit)s
)
SELECT c.alarm_id, c.patient_id, p.name, p.ward, c.call, c.priority, c.onset_at, e.ended_at, c.late, c.detail, c.confidence,
    b.bpm, b.amplitude_mv, c.n_waiting
FROM counted AS c
JOIN patients AS p USING (patient_id)
LEFT JOIN episodes AS e
    ON e.device_id = c.device_id AND e.call = c.call AND e.onset_at = c.onset_at AND e.engine = c.engine
CROSS JOIN LATERAL (
    SELECT 60 / nullif(avg(t.rr_s) FILTER (WHERE t.rr_s > 0 AND t.rr_s < 'NaN'), 0) AS bpm,
        avg(abs(t.amplitude_mv)) FILTER (WHERE t.amplitude_mv < 'NaN') AS amplitude_mv
    FROM beats AS t
    WHERE t.patient_id = c.patient_id AND t.device_id = c.device_id AND NOT t.is_rerun
        AND t.t >= c.onset_at AND t.t < least(c.onset_at + interval '10 s', coalesce(e.ended_at, c.onset_at + interval '10 s'))
) AS b
ORDER BY array_position(ARRAY['high', 'medium', 'low'], c.priority), array_position(%(calls)s, c.call), c.patient_id, c.onset_at DESC;
