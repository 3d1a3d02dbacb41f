-- stored --
-- What may reach into a stretch of one patient's time, raw frames and blocks in one statement: it sees each frame once,
-- whatever moves meanwhile. A frame begins at most ten seconds and a sample before its end, a block's in its minute.
SELECT
    f.stream_id, s.device_id, s.boot_id, f.lead, f.fs_mhz, f.gain, f.baseline, f.t0, f.seq, f.flags,
    f.received_at, NULL::bytea, f.samples
FROM ecg_frames AS f JOIN streams AS s USING (stream_id)
WHERE f.patient_id = %(patient_id)s
    AND f.t0 > %(from)s::timestamptz - interval '10.01 s' AND f.t0 < %(to)s::timestamptz
    AND (%(lead)s::text IS NULL OR f.lead = %(lead)s)
UNION ALL
SELECT
    b.stream_id, s.device_id, s.boot_id, b.lead, b.fs_mhz, b.gain, b.baseline, b.minute, NULL, NULL,
    NULL, b.layout, b.samples
FROM ecg_blocks AS b JOIN streams AS s USING (stream_id)
WHERE b.patient_id = %(patient_id)s
    AND b.minute > %(from)s::timestamptz - interval '70.01 s' AND b.minute < %(to)s::timestamptz
    AND b.ended > %(from)s::timestamptz AND b.began < %(to)s::timestamptz
    AND (%(lead)s::text IS NULL OR b.lead = %(lead)s);

-- spans --
-- Likewise, without the samples; a block without a gap needs no look at where its frames are.
SELECT
    f.lead, f.fs_mhz, f.t0, NULL::timestamptz, octet_length(f.samples) / 2, NULL::timestamptz, NULL::bytea
FROM ecg_frames AS f
WHERE f.patient_id = %(patient_id)s
    AND f.t0 > %(from)s::timestamptz - interval '10.01 s' AND f.t0 < %(to)s::timestamptz
UNION ALL
SELECT
    b.lead, b.fs_mhz, b.minute, b.began, b.n_samples, b.ended,
    CASE
        WHEN extract(epoch FROM b.ended - b.began) * b.fs_mhz > (b.n_samples + 1) * 1000::bigint THEN b.layout
    END
FROM ecg_blocks AS b
WHERE b.patient_id = %(patient_id)s
    AND b.minute > %(from)s::timestamptz - interval '70.01 s' AND b.minute < %(to)s::timestamptz
    AND b.ended > %(from)s::timestamptz AND b.began < %(to)s::timestamptz;

-- extent --
-- When the first and the last frame or block of a patient begin.
SELECT least(f.first_at, b.first_at), greatest(f.last_at, b.last_at)
FROM
    (SELECT min(t0) AS first_at, max(t0) AS last_at FROM ecg_frames WHERE patient_id = %(patient_id)s) AS f,
    (SELECT min(minute) AS first_at, max(minute) AS last_at FROM ecg_blocks WHERE patient_id = %(patient_id)s) AS b;

-- blocks_of_frames --
-- The blocks in which these frames would be, by stream and time.
SELECT b.stream_id, b.minute, b.fs_mhz, b.lead, b.gain, b.baseline, b.layout, b.samples
FROM (
    SELECT DISTINCT n.stream_id, n.minute
    FROM unnest(%(streams)s::bigint[], %(minutes)s::timestamptz[]) AS n (stream_id, minute)
) AS n
JOIN ecg_blocks AS b ON b.stream_id = n.stream_id AND b.minute = n.minute AND b.minute BETWEEN %(first)s AND %(last)s;

-- forgotten --
-- Those of these frames whose stretch retention has dropped: nobody can say any more what they were.
SELECT n.stream_id, n.seq
FROM unnest(%(streams)s::bigint[], %(seqs)s::bigint[], %(times)s::timestamptz[]) AS n (stream_id, seq, t0)
JOIN streams AS s USING (stream_id)
WHERE EXISTS (
    SELECT FROM retention_log AS r
    WHERE r.patient_id = s.patient_id AND r.kind = 'ecg' AND n.t0 >= r.oldest AND n.t0 < r.before + interval '1 minute'
);

-- outlines --
-- What may reach into a stretch, as its outline: a block with the one that stands beside it, if that will do (`coarse`) and
-- there is one, otherwise with its samples; raw frames a minute of a stream at a time. Sees each frame once, as `stored`.
SELECT
    b.lead, b.fs_mhz, b.gain, b.baseline, b.minute, b.began, CASE WHEN %(coarse)s THEN b.envelope END,
    CASE WHEN NOT %(coarse)s OR b.envelope IS NULL THEN b.layout END, NULL::bytea, NULL::bytea,
    CASE WHEN NOT %(coarse)s OR b.envelope IS NULL THEN b.samples END
FROM ecg_blocks AS b
WHERE b.patient_id = %(patient_id)s
    AND b.minute > %(from)s::timestamptz - interval '70.01 s' AND b.minute < %(to)s::timestamptz
    AND b.ended > %(from)s::timestamptz AND b.began < %(to)s::timestamptz
    AND (%(lead)s::text IS NULL OR b.lead = %(lead)s)
UNION ALL
SELECT
    f.lead, f.fs_mhz, f.gain, f.baseline, date_bin('1 minute', f.t0, 'epoch'), NULL, NULL,
    NULL, string_agg(int8send((extract(epoch FROM f.t0) * 1000000)::bigint), ''),
    string_agg(int4send(octet_length(f.samples) / 2), ''), string_agg(f.samples, '')
FROM ecg_frames AS f
WHERE f.patient_id = %(patient_id)s
    AND f.t0 > %(from)s::timestamptz - interval '10.01 s' AND f.t0 < %(to)s::timestamptz
    AND (%(lead)s::text IS NULL OR f.lead = %(lead)s)
GROUP BY f.stream_id, f.lead, f.fs_mhz, f.gain, f.baseline, date_bin('1 minute', f.t0, 'epoch');
