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

-- beats --
SELECT t, rr_s, label::text
FROM beats
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s
ORDER BY t;
