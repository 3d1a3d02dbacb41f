-- whose --
SELECT p.patient_id, p.name, p.ward, coalesce(w.zone, zone_of_hospital(p.tenant_id))
FROM patients AS p LEFT JOIN wards AS w ON w.ward_id = p.ward_id
WHERE p.patient_id = %(patient_id)s AND p.tenant_id = %(tenant_id)s;

-- bars --
-- What was found (and corrected by people) and received, in parts of the period: the heart rate of minutes, beats by class, signal of the lead that
-- has most, and how long it was atrial fibrillation or flutter. Minutes, so that a month reads thousands of rows.
WITH beat_parts AS (
    SELECT
        date_bin(%(bar_us)s * interval '1 microsecond', minute, %(from)s) AS bar,
        sum(rr_n) AS rr_n, sum(rr_sum_us) AS rr_sum_us,
        max(rr_sum_us::float8 / rr_n) FILTER (WHERE rr_n >= 10) AS slowest_us,
        min(rr_sum_us::float8 / rr_n) FILTER (WHERE rr_n >= 10) AS fastest_us,
        sum(beats_n + beats_s + beats_v + beats_f + beats_q) AS beats, sum(beats_s) AS beats_s, sum(beats_v) AS beats_v
    FROM beat_minutes
    WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s
    GROUP BY bar
), signal_parts AS (
    SELECT bar, max(us) AS us FROM (
        SELECT date_bin(%(bar_us)s * interval '1 microsecond', minute, %(from)s) AS bar, sum(least(ecg_us, 60000000)) AS us
        FROM ecg_minutes
        WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s
        GROUP BY lead, bar
    ) AS leads
    GROUP BY bar
), corrections AS (
    SELECT
        date_bin(%(bar_us)s * interval '1 microsecond', t, %(from)s) AS bar,
        sum((kind = 'added')::integer - (kind = 'deleted')::integer) AS beats,
        sum((label IS NOT DISTINCT FROM 'S')::integer - (was IS NOT DISTINCT FROM 'S')::integer) AS beats_s,
        sum((label IS NOT DISTINCT FROM 'V')::integer - (was IS NOT DISTINCT FROM 'V')::integer) AS beats_v,
        count(*) AS n
    FROM standing_beat_corrections
    WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s
    GROUP BY bar
), fibrillation AS (
    SELECT range_agg(tstzrange(onset_at, coalesce(ended_at, greatest(now(), onset_at)))) AS ranges
    FROM episodes
    WHERE patient_id = %(patient_id)s AND call = 'atrial_fibrillation' AND NOT is_rerun
        AND onset_at < %(to)s AND coalesce(ended_at, now()) > %(from)s
)
SELECT
    bars.bar,
    60e6::float8 * b.rr_n / nullif(b.rr_sum_us, 0), 60e6::float8 / b.slowest_us, 60e6::float8 / b.fastest_us,
    greatest(0, coalesce(b.beats, 0) + coalesce(c.beats, 0)), greatest(0, coalesce(b.beats_s, 0) + coalesce(c.beats_s, 0)),
    greatest(0, coalesce(b.beats_v, 0) + coalesce(c.beats_v, 0)), coalesce(s.us, 0)::bigint,
    coalesce((
        SELECT sum(extract(epoch FROM upper(part) - lower(part)) * 1000000)::bigint
        FROM unnest(f.ranges * tstzmultirange(tstzrange(
            bars.bar, least(bars.bar + %(bar_us)s * interval '1 microsecond', %(to)s)
        ))) AS part
    ), 0),
    coalesce(c.n, 0)
FROM generate_series(
    %(from)s::timestamptz, %(to)s::timestamptz - interval '1 microsecond', %(bar_us)s * interval '1 microsecond'
) AS bars (bar)
LEFT JOIN beat_parts AS b USING (bar)
LEFT JOIN signal_parts AS s USING (bar)
LEFT JOIN corrections AS c USING (bar)
CROSS JOIN fibrillation AS f
ORDER BY bars.bar;

-- extremes --
-- The minutes with the slowest and the fastest mean rate, of those with ten intervals or more.
(
    SELECT minute, 60e6::float8 * rr_n / rr_sum_us FROM beat_minutes
    WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s AND rr_n >= 10
    ORDER BY rr_sum_us::float8 / rr_n DESC, minute LIMIT 1
)
UNION ALL
(
    SELECT minute, 60e6::float8 * rr_n / rr_sum_us FROM beat_minutes
    WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s AND rr_n >= 10
    ORDER BY rr_sum_us::float8 / rr_n, minute LIMIT 1
);

-- hrv --
-- Median, least and greatest of the hours, of each the device and version that know most of it.
SELECT
    count(sdnn_ms),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY sdnn_ms::float8), min(sdnn_ms), max(sdnn_ms),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY rmssd_ms::float8), min(rmssd_ms), max(rmssd_ms),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY lf_ms2::float8), min(lf_ms2), max(lf_ms2),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY hf_ms2::float8), min(hf_ms2), max(hf_ms2)
FROM (
    SELECT DISTINCT ON (hour) * FROM hrv_hours
    WHERE patient_id = %(patient_id)s AND hour >= %(from)s AND hour < %(to)s
    ORDER BY hour, coverage DESC, device_id, engine
) AS hours;

-- calls --
-- Alarms that a person was told, by call; a greater call's word stands for those that it hid.
SELECT
    a.call, count(*), count(*) FILTER (WHERE a.late), count(*) FILTER (WHERE a.acknowledged_at IS NOT NULL),
    count(*) FILTER (WHERE a.verdict = 'true'), count(*) FILTER (WHERE a.verdict = 'false'),
    count(*) FILTER (WHERE a.verdict = 'unsure'),
    max((extract(epoch FROM e.ended_at - e.onset_at) * 1000000)::bigint)
FROM alarm_states AS a
LEFT JOIN episodes AS e
    ON e.device_id = a.device_id AND e.call = a.call AND e.onset_at = a.onset_at AND e.engine = a.engine
WHERE a.patient_id = %(patient_id)s AND a.onset_at >= %(from)s AND a.onset_at < %(to)s AND a.suppressed_at IS NULL
GROUP BY a.call;

-- reviewers --
SELECT u.name, u.role, count(*), max(a.reviewed_at)
FROM alarm_states AS a JOIN users AS u ON u.user_id = a.reviewed_by
WHERE a.patient_id = %(patient_id)s AND a.onset_at >= %(from)s AND a.onset_at < %(to)s
GROUP BY u.user_id, u.name, u.role
ORDER BY max(a.reviewed_at) DESC;

-- candidates --
-- Of each call the alarms that say most: judged true before those that nobody judged, then the longest. What was judged
-- false is not shown.
SELECT call, onset_at, ended_at, verdict, note, name, confidence
FROM (
    SELECT
        a.call, a.onset_at, e.ended_at, a.verdict, coalesce(a.review_note, '') AS note, u.name, a.confidence,
        row_number() OVER (
            PARTITION BY a.call
            ORDER BY
                coalesce(a.verdict, '') <> 'true', coalesce(a.verdict, '') = 'unsure',
                coalesce(e.ended_at, now()) - e.onset_at DESC, a.confidence DESC NULLS LAST, a.onset_at
        ) AS place
    FROM alarm_states AS a
    JOIN episodes AS e
        ON e.device_id = a.device_id AND e.call = a.call AND e.onset_at = a.onset_at AND e.engine = a.engine
    LEFT JOIN users AS u ON u.user_id = a.reviewed_by
    WHERE a.patient_id = %(patient_id)s AND a.onset_at >= %(from)s AND a.onset_at < %(to)s AND a.suppressed_at IS NULL
        AND a.call = ANY(%(clinical)s) AND coalesce(a.verdict, '') <> 'false'
) AS ranked
WHERE place <= %(each)s
ORDER BY onset_at;

-- symptoms --
SELECT pressed_at, chips, note FROM symptoms
WHERE patient_id = %(patient_id)s AND pressed_at >= %(from)s AND pressed_at < %(to)s
ORDER BY pressed_at;

-- engines --
SELECT DISTINCT engine FROM beat_minutes
WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s
ORDER BY engine;

-- beats --
-- With what people said of them: a star where they said another, a cross where they said that it is none.
SELECT
    coalesce(b.t, c.t),
    CASE WHEN c.t IS NULL THEN b.label::text WHEN c.kind = 'deleted' THEN '×' ELSE c.label::text || '*' END
FROM (
    SELECT t, label FROM beats
    WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s AND NOT is_rerun
) AS b
FULL JOIN (
    SELECT t, kind, label FROM standing_beat_corrections
    WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s
) AS c USING (t)
WHERE b.t IS NOT NULL OR c.kind = 'added'
ORDER BY 1;

-- first_minute --
-- The first minute that is whole.
SELECT min(minute) FROM ecg_minutes
WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s AND ecg_us >= 59000000;

-- of_patient --
-- The patient's last reports; nobody makes what nobody has worked on for a while.
SELECT
    r.report_id, r.asked_at, u.name, r.from_at, r.to_at, r.language, r.zone, r.progress, r.made_at, r.failed,
    r.pdf IS NOT NULL, r.seen_at < clock_timestamp() - %(dead_s)s * interval '1 second'
FROM reports AS r JOIN users AS u ON u.user_id = r.asked_by
WHERE r.patient_id = %(patient_id)s AND r.tenant_id = %(tenant_id)s
    AND (%(report_id)s::bigint IS NULL OR r.report_id = %(report_id)s)
ORDER BY r.report_id DESC
LIMIT 20;

-- under_way --
-- Reports that a user waits for.
SELECT count(*) FROM reports
WHERE asked_by = %(user_id)s AND made_at IS NULL AND failed IS NULL
    AND seen_at >= clock_timestamp() - %(dead_s)s * interval '1 second';

-- ask --
INSERT INTO reports (tenant_id, patient_id, asked_by, from_at, to_at, language, zone)
VALUES (%(tenant_id)s, %(patient_id)s, %(user_id)s, %(from)s, %(to)s, %(language)s, %(zone)s)
RETURNING report_id;

-- go_on --
-- Still at it.
UPDATE reports SET progress = greatest(progress, %(progress)s), seen_at = clock_timestamp()
WHERE report_id = %(report_id)s AND made_at IS NULL AND failed IS NULL;

-- made --
UPDATE reports SET progress = 1, seen_at = clock_timestamp(), made_at = clock_timestamp(), pdf = %(pdf)s, sha256 = %(sha256)s
WHERE report_id = %(report_id)s;

-- failed --
UPDATE reports SET seen_at = clock_timestamp(), failed = %(why)s WHERE report_id = %(report_id)s AND made_at IS NULL;

-- file --
SELECT pdf, from_at, to_at FROM reports
WHERE report_id = %(report_id)s AND patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s AND pdf IS NOT NULL;

-- forget_files --
-- The record is still there: a file can be made again.
UPDATE reports SET pdf = NULL
WHERE tenant_id = %(tenant_id)s AND pdf IS NOT NULL AND made_at < clock_timestamp() - %(keep_days)s * interval '1 day';
