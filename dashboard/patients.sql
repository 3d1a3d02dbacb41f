-- patient --
SELECT patient_id, name, ward FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s;

-- devices --
-- A patient's devices and what they last said.
SELECT d.device_id, s.online, s.battery_percent, s.wearable, s.firmware, s.outbox_frames, s.outbox_bytes_left, s.t
FROM devices AS d LEFT JOIN device_status AS s USING (device_id)
WHERE d.patient_id = %(patient_id)s
ORDER BY d.paired_at, d.device_id;

-- limits --
-- The patient's own limits; the catalogue has the others.
SELECT call, name, value FROM patient_limits WHERE patient_id = %(patient_id)s;

-- stored --
-- From when to when there is ECG.
SELECT min(t0), max(t0) FROM ecg_frames WHERE patient_id = %(patient_id)s;

-- heart_rate --
-- Heart rate in buckets of time, from the intervals between beats: mean, least, greatest, beats a minute.
SELECT
    date_bin(%(bucket_us)s * interval '1 microsecond', t, %(from)s) AS bucket,
    60 / avg(rr_s),
    60 / max(rr_s),
    60 / min(rr_s)
FROM beats
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s AND rr_s > 0 AND rr_s < 'NaN'
GROUP BY bucket;

-- coverage --
-- Seconds of ECG in each bucket of time, of the lead that has most. A frame counts where its samples are: most lie in
-- one bucket, the others are cut at the buckets' borders.
WITH frames AS (
    SELECT lead, greatest(t0, %(from)s) AS begun, t0 + octet_length(samples) * 500.0 / fs_mhz * interval '1 s' AS ended
    FROM ecg_frames
    WHERE patient_id = %(patient_id)s AND t0 > %(from)s::timestamptz - interval '10 s' AND t0 < %(to)s
), placed AS (
    SELECT lead, begun, ended,
        date_bin(%(bucket_us)s * interval '1 microsecond', begun, %(from)s) AS first_bucket,
        date_bin(%(bucket_us)s * interval '1 microsecond', ended - interval '1 microsecond', %(from)s) AS last_bucket
    FROM frames
    WHERE ended > begun
), pieces AS (
    SELECT lead, first_bucket AS bucket, ended - begun AS length FROM placed WHERE first_bucket = last_bucket
    UNION ALL
    SELECT lead, bucket, least(ended, bucket + %(bucket_us)s * interval '1 microsecond') - greatest(begun, bucket)
    FROM placed, generate_series(first_bucket, last_bucket, %(bucket_us)s * interval '1 microsecond') AS bucket
    WHERE first_bucket < last_bucket
), sums AS (
    SELECT bucket, extract(epoch FROM sum(length))::float8 AS seconds FROM pieces
    WHERE bucket < %(to)s
    GROUP BY lead, bucket
)
SELECT bucket, max(seconds) FROM sums GROUP BY bucket;

-- ecg --
-- Frames that may reach into a stretch of time: none is longer than ten seconds.
SELECT flags, t0, fs_mhz, gain, baseline, lead, samples
FROM ecg_frames
WHERE patient_id = %(patient_id)s AND t0 > %(from)s::timestamptz - interval '10 s' AND t0 < %(to)s
ORDER BY lead, t0, stream_id, seq;

-- beats --
SELECT t, rr_s, label::text
FROM beats
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s
ORDER BY t;
