-- become_counter --
-- One process counts at a time; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire'), hashtext('hrv'));

-- due --
-- Hours that are over, of which no beat has come since a while.
SELECT patient_id, hour, device_id, engine, tenant_id, marked_at
FROM hrv_due
WHERE hour <= clock_timestamp() - interval '1 hour'
    AND marked_at <= clock_timestamp() - %(settled_s)s * interval '1 second'
ORDER BY marked_at
LIMIT %(most)s;

-- hours --
-- Hours of a stretch with beats that the live analysis found.
SELECT DISTINCT patient_id, date_bin('1 hour', minute, 'epoch'), device_id, engine, tenant_id
FROM beat_minutes
WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s
ORDER BY 2, 3, 4;

-- beats --
-- An hour's, and those of the seconds before, with which its first interval begins.
SELECT (extract(epoch FROM t) * 1000000)::bigint, coalesce(rr_s, 'NaN'), label = 'N'
FROM beats
WHERE patient_id = %(patient_id)s AND device_id = %(device_id)s AND engine = %(engine)s AND NOT is_rerun
    AND t >= %(hour)s::timestamptz - interval '5 seconds' AND t < %(hour)s::timestamptz + interval '1 hour'
ORDER BY t;

-- put --
-- As counted. An hour that had more beats than are stored now keeps what it has: retention took them (unless `lowers`).
INSERT INTO hrv_hours AS h (
    patient_id, hour, device_id, engine, tenant_id, beats_n, nn_n, coverage, sdnn_ms, rmssd_ms, lf_ms2, hf_ms2,
    segments_n
)
VALUES (
    %(patient_id)s, %(hour)s, %(device_id)s, %(engine)s, %(tenant_id)s, %(beats_n)s, %(nn_n)s, %(coverage)s,
    %(sdnn_ms)s, %(rmssd_ms)s, %(lf_ms2)s, %(hf_ms2)s, %(segments_n)s
)
ON CONFLICT (patient_id, hour, device_id, engine) DO UPDATE SET
    beats_n = excluded.beats_n, nn_n = excluded.nn_n, coverage = excluded.coverage, sdnn_ms = excluded.sdnn_ms,
    rmssd_ms = excluded.rmssd_ms, lf_ms2 = excluded.lf_ms2, hf_ms2 = excluded.hf_ms2,
    segments_n = excluded.segments_n
WHERE (%(lowers)s OR excluded.beats_n >= h.beats_n) AND (
    h.beats_n, h.nn_n, h.coverage, h.sdnn_ms, h.rmssd_ms, h.lf_ms2, h.hf_ms2, h.segments_n
) IS DISTINCT FROM (
    excluded.beats_n, excluded.nn_n, excluded.coverage, excluded.sdnn_ms, excluded.rmssd_ms, excluded.lf_ms2,
    excluded.hf_ms2, excluded.segments_n
);

-- forget --
-- Counted; unless more beats came meanwhile.
DELETE FROM hrv_due
WHERE patient_id = %(patient_id)s AND hour = %(hour)s AND device_id = %(device_id)s AND engine = %(engine)s
    AND marked_at = %(marked_at)s;
