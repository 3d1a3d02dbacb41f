-- corrections --
-- What people said of the beats of a stretch and was not undone, with who it was.
SELECT c.correction_id, c.t, c.kind, c.label::text, u.name, c.at
FROM standing_beat_corrections AS c JOIN users AS u USING (user_id)
WHERE c.patient_id = %(patient_id)s AND c.t >= %(from)s AND c.t < %(to)s
ORDER BY c.t;

-- beat_near --
-- The live analysis's beat nearest to a time, within a span.
SELECT t, label::text
FROM beats
WHERE patient_id = %(patient_id)s AND NOT is_rerun
    AND t BETWEEN %(t)s::timestamptz - %(within)s::interval AND %(t)s::timestamptz + %(within)s::interval
ORDER BY abs(extract(epoch FROM t - %(t)s::timestamptz)), engine DESC
LIMIT 1;

-- correct --
INSERT INTO beat_corrections (tenant_id, patient_id, t, kind, label, was, user_id)
VALUES (%(tenant_id)s, %(patient_id)s, %(t)s, %(kind)s, %(label)s::"char", %(was)s::"char", %(user_id)s)
RETURNING correction_id, t, kind, label::text, at;

-- undo_correction --
-- Once: another undo finds nothing to undo.
INSERT INTO beat_corrections (tenant_id, patient_id, t, kind, undoes, user_id)
SELECT c.tenant_id, c.patient_id, c.t, 'undone', c.correction_id, %(user_id)s
FROM beat_corrections AS c
WHERE c.correction_id = %(correction_id)s AND c.patient_id = %(patient_id)s AND c.kind <> 'undone'
ON CONFLICT (undoes) DO NOTHING
RETURNING correction_id;

-- notes --
-- All of a patient, the newest first; which of them hold is told by which of them correct others.
SELECT n.note_id, n.corrects, n.text, n.about_at, n.user_id, u.name, n.at
FROM patient_notes AS n JOIN users AS u USING (user_id)
WHERE n.patient_id = %(patient_id)s
ORDER BY n.note_id DESC
LIMIT %(limit)s;

-- add_note --
-- What corrects another is about the same moment. Nothing where that is not the patient's, or was corrected already.
INSERT INTO patient_notes (tenant_id, patient_id, text, about_at, corrects, user_id)
SELECT
    %(tenant_id)s, %(patient_id)s, %(text)s, coalesce(o.about_at, %(about)s), o.note_id, %(user_id)s
FROM (SELECT) AS one
LEFT JOIN patient_notes AS o ON o.note_id = %(corrects)s AND o.patient_id = %(patient_id)s
WHERE %(corrects)s::bigint IS NULL OR o.note_id IS NOT NULL
ON CONFLICT (corrects) DO NOTHING
RETURNING note_id;

-- limit --
SELECT value FROM patient_limits WHERE patient_id = %(patient_id)s AND call = %(call)s AND name = %(name)s FOR UPDATE;

-- set_limit --
INSERT INTO patient_limits (patient_id, tenant_id, call, name, value)
VALUES (%(patient_id)s, %(tenant_id)s, %(call)s, %(name)s, %(value)s)
ON CONFLICT (patient_id, call, name) DO UPDATE SET value = excluded.value;

-- unset_limit --
DELETE FROM patient_limits WHERE patient_id = %(patient_id)s AND call = %(call)s AND name = %(name)s;

-- log_limit --
INSERT INTO limit_changes (tenant_id, patient_id, call, name, value, was, user_id)
VALUES (%(tenant_id)s, %(patient_id)s, %(call)s, %(name)s, %(value)s, %(was)s, %(user_id)s);

-- limit_changes --
-- Who changed which limit of a patient, the newest first.
SELECT c.call, c.name, c.value, c.was, u.name, c.at
FROM limit_changes AS c JOIN users AS u USING (user_id)
WHERE c.patient_id = %(patient_id)s
ORDER BY c.change_id DESC
LIMIT %(limit)s;

-- ectopy --
-- Beats of each bucket of whole minutes: all, supraventricular, ventricular.
SELECT
    date_bin(%(bucket_us)s * interval '1 microsecond', minute, %(from)s) AS bucket,
    sum(beats_n + beats_s + beats_v + beats_f + beats_q)::integer, sum(beats_s)::integer, sum(beats_v)::integer
FROM beat_minutes
WHERE patient_id = %(patient_id)s AND minute >= %(from)s AND minute < %(to)s
GROUP BY bucket;

-- ectopy_corrections --
-- What people's corrections change in the same counts, and how many they are.
SELECT
    date_bin(%(bucket_us)s * interval '1 microsecond', t, %(from)s) AS bucket,
    sum((kind = 'added')::integer - (kind = 'deleted')::integer)::integer,
    sum((label IS NOT DISTINCT FROM 'S')::integer - (was IS NOT DISTINCT FROM 'S')::integer)::integer,
    sum((label IS NOT DISTINCT FROM 'V')::integer - (was IS NOT DISTINCT FROM 'V')::integer)::integer,
    count(*)::integer
FROM standing_beat_corrections
WHERE patient_id = %(patient_id)s AND t >= %(from)s AND t < %(to)s
GROUP BY bucket;

-- atrial_fibrillation --
-- How many seconds of each bucket lie in an episode of it; of overlapping ones the longest.
SELECT b.bucket, max(extract(epoch FROM b.overlap))::float8
FROM (
    SELECT
        s.bucket, e.device_id,
        sum(least(coalesce(e.ended_at, now()), s.bucket + %(bucket_us)s * interval '1 microsecond')
            - greatest(e.onset_at, s.bucket)) AS overlap
    FROM generate_series(
        %(from)s::timestamptz, %(to)s::timestamptz - interval '1 microsecond', %(bucket_us)s * interval '1 microsecond'
    ) AS s (bucket)
    JOIN episodes AS e
        ON e.onset_at < s.bucket + %(bucket_us)s * interval '1 microsecond'
        AND coalesce(e.ended_at, now()) > s.bucket
    WHERE e.patient_id = %(patient_id)s AND e.call = 'atrial_fibrillation' AND NOT e.is_rerun
        AND e.onset_at < %(to)s AND coalesce(e.ended_at, now()) > %(from)s
    GROUP BY s.bucket, e.device_id
) AS b
GROUP BY b.bucket;

-- battery --
-- Each change in a stretch, and the last one of the day before it.
SELECT t, percent
FROM battery_levels
WHERE patient_id = %(patient_id)s AND t >= %(from)s::timestamptz - interval '1 day' AND t < %(to)s
ORDER BY t;
