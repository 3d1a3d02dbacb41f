-- patient --
SELECT tenant_id FROM patients WHERE patient_id = %(patient_id)s;

-- claim --
-- One rerun of a patient at a time; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire-rerun'), hashtext(%(patient_id)s::bigint::text));

-- limits --
SELECT call, name, value FROM patient_limits WHERE patient_id = %(patient_id)s;

-- not_analysed --
-- Frames of a stretch that the live analysis has still to read.
SELECT count(*)
FROM ecg_frames AS f JOIN analytics_cursors AS c USING (shard)
WHERE f.patient_id = %(patient_id)s AND f.t0 >= %(from)s AND f.t0 < %(to)s AND f.xid >= c.next_xid;

-- versions --
-- Every version of the engine by which anything of a patient is stored.
SELECT engine FROM beat_minutes WHERE patient_id = %(patient_id)s
UNION
SELECT engine FROM episodes WHERE patient_id = %(patient_id)s
UNION
SELECT engine FROM reruns WHERE patient_id = %(patient_id)s
ORDER BY engine;

-- live_versions --
-- What was live in a stretch.
SELECT engine FROM beat_minutes
WHERE patient_id = %(patient_id)s AND minute > %(from)s::timestamptz - interval '1 minute' AND minute < %(to)s
UNION
SELECT engine FROM episodes
WHERE patient_id = %(patient_id)s AND onset_at >= %(from)s AND onset_at < %(to)s AND NOT is_rerun
ORDER BY engine;

-- stored_beats --
-- As the live analysis found them, or (`version`) all of one version.
SELECT device_id, t, label::text FROM beats
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s
    AND CASE WHEN %(version)s::text IS NULL THEN NOT is_rerun ELSE engine = %(version)s END;

-- stored_episodes --
SELECT device_id, call, onset_at, ended_at FROM episodes
WHERE patient_id = %(patient_id)s AND onset_at >= %(from)s AND onset_at < %(to)s
    AND CASE WHEN %(version)s::text IS NULL THEN NOT is_rerun ELSE engine = %(version)s END;

-- is_live --
-- Whether this very engine was the live one in a part of the stretch: then it has its results there already.
SELECT EXISTS (
    SELECT FROM beats
    WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s AND engine = %(engine)s AND NOT is_rerun
) OR EXISTS (
    SELECT FROM episodes
    WHERE patient_id = %(patient_id)s AND onset_at >= %(from)s AND onset_at < %(to)s
        AND engine = %(engine)s AND NOT is_rerun
);

-- drop_other_beats --
-- What an earlier rerun by this version found and this one does not.
DELETE FROM beats AS b
WHERE b.patient_id = %(patient_id)s AND b.t >= %(from)s AND b.t < %(to)s AND b.engine = %(engine)s AND b.is_rerun
    AND NOT EXISTS (
        SELECT FROM unnest(%(devices)b::text[], %(times)b::bigint[], %(rr_s)b::real[], %(labels)b::text[])
            AS n (device_id, t_us, rr_s, label)
        WHERE n.device_id = b.device_id AND timestamptz 'epoch' + n.t_us * interval '1 microsecond' = b.t
            AND n.label::"char" = b.label AND nullif(n.rr_s, 'NaN') IS NOT DISTINCT FROM b.rr_s
    );

-- insert_beats --
INSERT INTO beats (patient_id, tenant_id, device_id, t, rr_s, amplitude_mv, label, engine, is_rerun)
SELECT
    %(patient_id)s, b.tenant_id, b.device_id, timestamptz 'epoch' + b.t_us * interval '1 microsecond',
    nullif(b.rr_s, 'NaN'), nullif(b.amplitude_mv, 'NaN'), b.label::"char", %(engine)s, true
FROM unnest(
    %(tenants)b::integer[], %(devices)b::text[], %(times)b::bigint[], %(rr_s)b::real[], %(amplitudes_mv)b::real[],
    %(labels)b::text[]
) AS b (tenant_id, device_id, t_us, rr_s, amplitude_mv, label)
ON CONFLICT DO NOTHING;

-- drop_other_rhythms --
DELETE FROM rhythms AS r
WHERE r.patient_id = %(patient_id)s AND r.t >= %(from)s AND r.t < %(to)s AND r.engine = %(engine)s AND r.is_rerun
    AND NOT EXISTS (
        SELECT FROM unnest(%(devices)b::text[], %(times)b::bigint[], %(rhythms)b::text[])
            AS n (device_id, t_us, rhythm)
        WHERE n.device_id = r.device_id AND timestamptz 'epoch' + n.t_us * interval '1 microsecond' = r.t
            AND n.rhythm = r.rhythm
    );

-- insert_rhythms --
INSERT INTO rhythms (patient_id, tenant_id, device_id, t, rhythm, is_late, engine, is_rerun)
SELECT
    %(patient_id)s, r.tenant_id, r.device_id, timestamptz 'epoch' + r.t_us * interval '1 microsecond', r.rhythm,
    r.is_late, %(engine)s, true
FROM unnest(
    %(tenants)b::integer[], %(devices)b::text[], %(times)b::bigint[], %(rhythms)b::text[], %(lates)b::boolean[]
) AS r (tenant_id, device_id, t_us, rhythm, is_late)
ON CONFLICT DO NOTHING;

-- put_episode --
INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, ended_at, detail, engine, is_rerun)
VALUES (
    %(tenant_id)s, %(patient_id)s, %(device_id)s, %(call)s,
    timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond',
    timestamptz 'epoch' + %(end_us)s::bigint * interval '1 microsecond', %(detail)s, %(engine)s, true
)
ON CONFLICT (device_id, call, onset_at, engine) DO UPDATE SET
    ended_at = excluded.ended_at, detail = excluded.detail
WHERE episodes.is_rerun AND (episodes.ended_at, episodes.detail) IS DISTINCT FROM (excluded.ended_at, excluded.detail);

-- drop_other_episodes --
DELETE FROM episodes AS e
WHERE e.patient_id = %(patient_id)s AND e.onset_at >= %(from)s AND e.onset_at < %(to)s AND e.engine = %(engine)s
    AND e.is_rerun
    AND NOT EXISTS (
        SELECT FROM unnest(%(devices)b::text[], %(calls)b::text[], %(onsets)b::bigint[])
            AS n (device_id, call, onset_us)
        WHERE n.device_id = e.device_id AND n.call = e.call
            AND timestamptz 'epoch' + n.onset_us * interval '1 microsecond' = e.onset_at
    );

-- note_run --
INSERT INTO reruns AS r (patient_id, engine, from_at, to_at, tenant_id, done_until)
VALUES (%(patient_id)s, %(engine)s, %(begin)s, %(end)s, %(tenant_id)s, %(done)s)
ON CONFLICT (patient_id, engine, from_at, to_at) DO UPDATE SET done_until = greatest(r.done_until, excluded.done_until);
