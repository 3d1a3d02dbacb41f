-- told --
-- Alarms that were told, folded once and counted by all that is asked about them: whose, of which call, in which shift as
-- the ward's clock has it (0 early, from 6 h; 1 late, from 14 h; 2 night), how reviewed; and after how many seconds each
-- that was acknowledged was.
SELECT
    a.patient_id, a.call, a.priority, a.verdict,
    CASE WHEN h.hour >= 6 AND h.hour < 14 THEN 0 WHEN h.hour >= 14 AND h.hour < 22 THEN 1 ELSE 2 END AS shift,
    count(*), count(a.acknowledged_at),
    coalesce(
        array_agg(extract(epoch FROM a.acknowledged_at - a.raised_at)::float8)
            FILTER (WHERE a.acknowledged_at >= a.raised_at),
        '{}'
    )
FROM alarm_states AS a LEFT JOIN patients AS p USING (patient_id) LEFT JOIN wards AS w ON w.ward_id = p.ward_id
CROSS JOIN LATERAL extract(hour FROM a.onset_at AT TIME ZONE coalesce(w.zone, %(zone)s)) AS h (hour)
WHERE a.tenant_id = %(tenant_id)s AND a.onset_at >= %(from)s AND a.onset_at < %(to)s
    AND a.raised_at IS NOT NULL AND a.suppressed_at IS NULL AND (%(ward)s::text IS NULL OR p.ward = %(ward)s)
GROUP BY a.patient_id, a.call, a.priority, a.verdict, shift;

-- zone --
-- A ward's, or the hospital's.
SELECT coalesce(
    (SELECT zone FROM wards WHERE tenant_id = %(tenant_id)s AND name = %(ward)s::text), zone_of_hospital(%(tenant_id)s)
);

-- names --
SELECT patient_id, name, ward FROM patients WHERE patient_id = ANY(%(patients)s);

-- limits --
-- These patients' own limits.
SELECT patient_id, call, name, value FROM patient_limits WHERE patient_id = ANY(%(patients)s);

-- wards --
SELECT DISTINCT ward FROM patients WHERE tenant_id = %(tenant_id)s AND ward <> '' ORDER BY ward;

-- rings --
-- How far each of a limit's alarms went, of the last hundred: the slowest and the fastest mean rate over ten seconds, the
-- longest interval, how long it lasted, and most ventricular beats in a minute, in its first ten minutes; and its verdict.
SELECT
    a.verdict, min(b.bpm) FILTER (WHERE b.t > a.onset_at), max(b.bpm) FILTER (WHERE b.t > a.onset_at),
    max(b.rr_s) FILTER (WHERE b.t > a.onset_at), extract(epoch FROM e.ended_at - e.onset_at)::float8, max(b.v)::float8
FROM (
    SELECT * FROM alarm_states
    WHERE patient_id = %(patient_id)s AND call = %(call)s AND onset_at >= %(from)s AND onset_at < %(to)s
        AND raised_at IS NOT NULL AND suppressed_at IS NULL AND tenant_id = %(tenant_id)s
    ORDER BY onset_at DESC
    LIMIT 100
) AS a
LEFT JOIN episodes AS e
    ON e.device_id = a.device_id AND e.call = a.call AND e.onset_at = a.onset_at AND e.engine = a.engine
CROSS JOIN LATERAL (
    SELECT
        t.t, t.rr_s, CASE WHEN count(*) OVER ten >= 3 THEN 60 / avg(t.rr_s) OVER ten END AS bpm,
        count(*) FILTER (WHERE t.label = 'V') OVER (ORDER BY t.t RANGE interval '1 min' PRECEDING) AS v
    FROM beats AS t
    WHERE t.patient_id = a.patient_id AND t.device_id = a.device_id AND NOT t.is_rerun AND t.rr_s > 0 AND t.rr_s < 'NaN'
        AND t.t > a.onset_at - interval '1 min'
        AND t.t <= least(coalesce(e.ended_at, a.onset_at + interval '10 min'), a.onset_at + interval '10 min')
    WINDOW ten AS (PARTITION BY t.t > a.onset_at ORDER BY t.t RANGE interval '10 s' PRECEDING)
) AS b
GROUP BY a.alarm_id, a.verdict, e.episode_id;
