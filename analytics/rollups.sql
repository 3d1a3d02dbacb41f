-- keep_still --
-- Nothing is analysed of this patient while the transaction lasts.
SELECT FROM analytics_cursors
WHERE shard IN (SELECT d.shard FROM devices AS d WHERE d.patient_id = %(patient_id)s)
ORDER BY shard FOR UPDATE;

-- patients --
SELECT patient_id FROM patients
WHERE %(patient_id)s::bigint IS NULL OR patient_id = %(patient_id)s ORDER BY patient_id;

-- count_beats --
-- The minutes of a stretch counted anew from the beats that are stored. A minute that had more beats than are stored
-- now stays as it is: retention took them, not an error (unless `lowers`). Returns how many minutes changed.
WITH counted AS (
    SELECT
        patient_id, date_bin('1 minute', t, 'epoch') AS minute, device_id, engine,
        coalesce(sum(round(rr_s::float8 * 1e6)), 0)::bigint AS rr_sum_us, tenant_id, count(rr_s)::integer AS rr_n,
        min(round(rr_s::float8 * 1e6))::integer AS rr_min_us, max(round(rr_s::float8 * 1e6))::integer AS rr_max_us,
        (count(*) FILTER (WHERE label = 'N'))::integer AS beats_n,
        (count(*) FILTER (WHERE label = 'S'))::integer AS beats_s,
        (count(*) FILTER (WHERE label = 'V'))::integer AS beats_v,
        (count(*) FILTER (WHERE label = 'F'))::integer AS beats_f,
        (count(*) FILTER (WHERE label NOT IN ('N', 'S', 'V', 'F')))::integer AS beats_q
    FROM beats
    WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s AND NOT is_rerun
    GROUP BY patient_id, tenant_id, device_id, engine, minute
),
gone AS (
    DELETE FROM beat_minutes AS m
    WHERE m.patient_id = %(patient_id)s AND m.minute >= %(from)s AND m.minute < %(to)s AND %(lowers)s
        AND NOT EXISTS (
            SELECT FROM counted AS c
            WHERE (c.minute, c.device_id, c.engine) = (m.minute, m.device_id, m.engine)
        )
    RETURNING 1
),
put AS (
    INSERT INTO beat_minutes AS m (
        patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us, rr_max_us,
        beats_n, beats_s, beats_v, beats_f, beats_q
    )
    SELECT * FROM counted
    ON CONFLICT (patient_id, minute, device_id, engine) DO UPDATE SET
        rr_sum_us = excluded.rr_sum_us, rr_n = excluded.rr_n,
        rr_min_us = excluded.rr_min_us, rr_max_us = excluded.rr_max_us,
        beats_n = excluded.beats_n, beats_s = excluded.beats_s, beats_v = excluded.beats_v,
        beats_f = excluded.beats_f, beats_q = excluded.beats_q
    WHERE (
        %(lowers)s
        OR excluded.beats_n + excluded.beats_s + excluded.beats_v + excluded.beats_f + excluded.beats_q
            >= m.beats_n + m.beats_s + m.beats_v + m.beats_f + m.beats_q
    ) AND (
        m.rr_sum_us, m.rr_n, m.rr_min_us, m.rr_max_us, m.beats_n, m.beats_s, m.beats_v, m.beats_f, m.beats_q
    ) IS DISTINCT FROM (
        excluded.rr_sum_us, excluded.rr_n, excluded.rr_min_us, excluded.rr_max_us,
        excluded.beats_n, excluded.beats_s, excluded.beats_v, excluded.beats_f, excluded.beats_q
    )
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put);

-- count_signal --
-- Likewise the signal, from the raw frames that are analysed. What compaction or retention took is not lowered.
WITH frames AS (
    SELECT
        e.patient_id, e.tenant_id, e.device_id, e.lead, e.t0,
        e.t0 + round(octet_length(e.samples) * float8 '500000000' / e.fs_mhz) * interval '1 microsecond' AS ended
    FROM ecg_frames AS e JOIN analytics_cursors AS c ON c.shard = e.shard AND e.xid < c.next_xid
    WHERE e.patient_id = %(patient_id)s
        AND e.t0 > %(from)s::timestamptz - interval '10.01 s' AND e.t0 < %(to)s::timestamptz
),
counted AS (
    SELECT
        f.patient_id, f.tenant_id, f.device_id, f.lead, m.minute,
        sum(round(
            extract(epoch FROM least(f.ended, m.minute + interval '1 minute') - greatest(f.t0, m.minute)) * 1e6
        ))::bigint AS ecg_us
    FROM frames AS f
    CROSS JOIN generate_series(
        date_bin('1 minute', f.t0, 'epoch'), f.ended - interval '1 microsecond', interval '1 minute'
    ) AS m (minute)
    WHERE m.minute >= %(from)s::timestamptz AND m.minute < %(to)s::timestamptz
    GROUP BY f.patient_id, f.tenant_id, f.device_id, f.lead, m.minute
),
put AS (
    INSERT INTO ecg_minutes AS m (patient_id, tenant_id, device_id, lead, minute, ecg_us)
    SELECT * FROM counted
    ON CONFLICT (patient_id, minute, device_id, lead) DO UPDATE SET ecg_us = excluded.ecg_us
    WHERE excluded.ecg_us > m.ecg_us
    RETURNING 1
)
SELECT count(*) FROM put;
