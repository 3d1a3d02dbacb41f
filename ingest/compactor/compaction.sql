-- plain_hours --
-- The hours, the oldest first, of which anything is raw, on plain PostgreSQL: from each patient's first frame to his
-- first of a later hour, by the index, again and again.
WITH RECURSIVE first_of_hour AS (
    (SELECT patient_id, t0 FROM ecg_frames ORDER BY patient_id, t0 LIMIT 1)
    UNION ALL
    SELECT n.patient_id, n.t0
    FROM first_of_hour AS h
    CROSS JOIN LATERAL (
        SELECT f.patient_id, f.t0
        FROM ecg_frames AS f
        WHERE (f.patient_id, f.t0) >= (h.patient_id, date_trunc('hour', h.t0) + interval '1 hour')
        ORDER BY f.patient_id, f.t0
        LIMIT 1
    ) AS n
)
SELECT DISTINCT date_trunc('hour', t0) AS hour, date_trunc('hour', t0) + interval '1 hour'
FROM first_of_hour
WHERE date_trunc('hour', t0) < %(before)s
ORDER BY hour;

-- patients --
-- Whose frames of a stretch of time may be taken (see take_frames). One look into the index each.
SELECT p.patient_id
FROM (SELECT DISTINCT patient_id FROM streams WHERE shard = ANY(%(shards)s) AND stream = 'ecg') AS p
CROSS JOIN LATERAL (
    SELECT
    FROM ecg_frames AS f JOIN analytics_cursors AS c ON c.shard = f.shard
    WHERE f.patient_id = p.patient_id AND f.t0 >= %(begin)s AND f.t0 < %(end)s
        AND f.shard = ANY(%(shards)s) AND f.xid < c.replay_xid AND f.received_at < %(settled)s
    LIMIT 1
) AS f
ORDER BY p.patient_id;

-- take_frames --
-- Frames leave the raw table for the blocks of the same transaction: those that analytics needs no more, neither for
-- the first time nor again after a restart, and that came long enough ago that others which came with them are here.
DELETE FROM ecg_frames AS f
USING analytics_cursors AS c
WHERE f.patient_id = %(patient_id)s AND f.t0 >= %(begin)s AND f.t0 < %(end)s
    AND c.shard = f.shard AND f.shard = ANY(%(shards)s) AND f.xid < c.replay_xid AND f.received_at < %(settled)s
RETURNING
    f.stream_id, f.tenant_id, f.fs_mhz, f.lead, f.gain, f.baseline, f.seq, f.t0, f.flags, f.received_at, f.samples;

-- take_blocks --
-- The blocks of minutes to which frames are added; they come back with those in them.
DELETE FROM ecg_blocks AS b
USING unnest(%(streams)s::bigint[], %(minutes)s::timestamptz[]) AS n (stream_id, minute)
WHERE b.stream_id = n.stream_id AND b.minute = n.minute AND b.minute BETWEEN %(first)s AND %(last)s
RETURNING b.stream_id, b.tenant_id, b.fs_mhz, b.lead, b.gain, b.baseline, b.minute, b.layout, b.samples;

-- put_blocks --
-- One that is there already was made meanwhile by another process, against the leases: then nothing of this is kept.
COPY ecg_blocks (
    stream_id, minute, part, began, ended, patient_id, tenant_id, fs_mhz, lead, gain, baseline,
    n_samples, n_frames, layout, samples, envelope
) FROM STDIN (FORMAT BINARY);
