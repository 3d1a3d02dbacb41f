-- horizon --
-- Every transaction with a smaller xid has ended: what of it can be seen now is all there will ever be.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- cursors --
-- How far these shards are analysed.
SELECT shard, next_xid::text::bigint FROM analytics_cursors WHERE shard = ANY(%(shards)s) ORDER BY shard;

-- next_frames --
-- The next frames of these shards in the order of commit, whole transactions only (WITH TIES), and none of a
-- transaction at or above `below` or one beside which an older one still runs.
SELECT
    f.xid::text::bigint, f.device_id, f.patient_id, f.tenant_id, s.boot_id, f.seq, f.t0, f.received_at,
    f.fs_mhz, f.gain, f.baseline, f.flags, f.samples
FROM (
    SELECT *
    FROM ecg_frames
    WHERE shard = ANY(%(shards)s)
        AND xid >= %(next_xid)s::bigint::text::xid8
        AND xid < %(below)s::bigint::text::xid8
        AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid
    FETCH FIRST %(frames)s ROWS WITH TIES
) AS f
JOIN streams AS s USING (stream_id)
ORDER BY f.xid, f.stream_id, f.seq;

-- waiting --
-- How many committed frames of these shards are not analysed yet, and since when the oldest waits. Counted up to
-- 10,000: beyond it the number says enough.
SELECT count(*), min(received_at)
FROM (
    SELECT f.received_at
    FROM ecg_frames AS f JOIN analytics_cursors AS c USING (shard)
    WHERE f.shard = ANY(%(shards)s)
        AND f.xid >= (SELECT min(next_xid) FROM analytics_cursors WHERE shard = ANY(%(shards)s))
        AND f.xid >= c.next_xid
    LIMIT 10000
) AS f;
