-- patient --
SELECT patient_id, name, ward FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s;

-- add_patient --
INSERT INTO patients (tenant_id, name, ward, language)
VALUES (%(tenant_id)s, %(name)s, %(ward)s, %(language)s)
RETURNING patient_id, name, ward;

-- devices --
-- A patient's devices: what they last said, how their links do, what is stored of what they recorded since they started
-- (by the numbers of their frames), and how much signal of the last hour there is, by the server's clock.
SELECT
    d.device_id, d.description, s.online, s.battery_percent, s.wearable, s.firmware, s.outbox_frames, s.outbox_bytes_left, s.t,
    (SELECT max(e.last_received_at) FROM streams AS e WHERE e.device_id = d.device_id AND e.stream IN ('ecg', 'hr')),
    d.revoked_at,
    l.last_contact_at, l.clock_offset_us, l.clock_drift_ppm, l.clock_drift_error_ppm, l.clock_jump_us,
    l.clock_jumped_at, l.longest_silence_us, l.longest_silence_ended_at, boot.expected, boot.received, hour.share
FROM devices AS d
LEFT JOIN device_status AS s USING (device_id)
LEFT JOIN device_links AS l USING (device_id)
LEFT JOIN LATERAL (
    SELECT
        upper(b.received) AS expected,
        (SELECT sum(upper(r) - lower(r))::bigint FROM unnest(b.received) AS r) AS received
    FROM streams AS b
    WHERE b.device_id = d.device_id AND b.stream = 'ecg' AND NOT isempty(b.received)
    ORDER BY b.created_at DESC
    LIMIT 1
) AS boot ON true
LEFT JOIN LATERAL (
    SELECT max(us) / 3600e6::float8 AS share FROM (
        SELECT sum(least(m.ecg_us, 60000000)) AS us
        FROM
            ecg_minutes AS m,
            date_trunc('minute', now() - coalesce(l.clock_offset_us, 0) * interval '1 microsecond') AS ended
        WHERE m.patient_id = d.patient_id AND m.device_id = d.device_id
            AND m.minute >= ended - interval '1 hour' AND m.minute < ended
        GROUP BY m.lead
    ) AS leads
) AS hour ON true
WHERE d.patient_id = %(patient_id)s
ORDER BY d.paired_at, d.device_id;

-- limits --
-- The patient's own limits; the catalogue has the others.
SELECT call, name, value FROM patient_limits WHERE patient_id = %(patient_id)s;

-- heart_rate --
-- Heart rate in buckets of time, from the intervals between beats: mean, least, greatest, beats a minute.
SELECT
    date_bin(%(bucket_us)s * interval '1 microsecond', t, %(from)s) AS bucket,
    60 / avg(rr_s),
    60 / max(rr_s),
    60 / min(rr_s)
FROM beats
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s AND NOT is_rerun AND rr_s > 0 AND rr_s < 'NaN'
GROUP BY bucket;

-- heart_rate_minutes --
-- Likewise, from minutes: for buckets of whole minutes that begin with one.
SELECT
    date_bin(%(bucket_us)s * interval '1 microsecond', minute, %(from)s) AS bucket,
    60e6::float8 * sum(rr_n) / sum(rr_sum_us),
    60e6::float8 / max(rr_max_us),
    60e6::float8 / min(rr_min_us)
FROM beat_minutes
WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s AND rr_n > 0
GROUP BY bucket;

-- coverage_minutes --
-- Seconds of ECG in each bucket of whole minutes, of the lead that has most.
SELECT bucket, max(seconds) FROM (
    SELECT
        date_bin(%(bucket_us)s * interval '1 microsecond', minute, %(from)s) AS bucket,
        sum(least(ecg_us, 60000000)) / 1e6::float8 AS seconds
    FROM ecg_minutes
    WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s
    GROUP BY lead, bucket
) AS leads
GROUP BY bucket;

-- beats --
-- As the live analysis found them, or (`engine`) all of one version: where it was live, and where it was run again.
SELECT t, rr_s, label::text
FROM beats
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s
    AND CASE WHEN %(engine)s::text IS NULL THEN NOT is_rerun ELSE engine = %(engine)s END
ORDER BY t;

-- rhythms --
-- Changes of rhythm of a stretch, and of each device the last one before it.
SELECT t, rhythm, is_late
FROM rhythms
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s AND NOT is_rerun
UNION ALL
SELECT b.t, b.rhythm, b.is_late
FROM (SELECT DISTINCT device_id FROM streams WHERE patient_id = %(patient_id)s) AS d
CROSS JOIN LATERAL (
    SELECT r.t, r.rhythm, r.is_late
    FROM rhythms AS r
    WHERE r.patient_id = %(patient_id)s AND r.device_id = d.device_id AND r.t < %(from)s
        AND NOT r.is_late AND NOT r.is_rerun
    ORDER BY r.t DESC
    LIMIT 1
) AS b
ORDER BY t;

-- variability --
-- By hour, of the device and version that know most of it.
SELECT DISTINCT ON (hour) hour, sdnn_ms, rmssd_ms, lf_ms2, hf_ms2, coverage, nn_n
FROM hrv_hours
WHERE patient_id = %(patient_id)s AND hour >= %(from)s AND hour < %(to)s
ORDER BY hour, coverage DESC, device_id, engine;

-- episodes --
-- Those that reach into a stretch, the newest first; one that lasts reaches to now.
SELECT episode_id, call, onset_at, ended_at, detail
FROM episodes
WHERE patient_id = %(patient_id)s AND onset_at < %(to)s AND coalesce(ended_at, 'infinity') >= %(from)s
    AND NOT is_rerun AND (%(call)s::text IS NULL OR call = %(call)s)
ORDER BY onset_at DESC, episode_id DESC
LIMIT %(limit)s;
