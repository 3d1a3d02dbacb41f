-- find_schema --
-- Fails where the schema is missing or old, at the start rather than at the first frame.
SELECT replay_xid FROM analytics_cursors CROSS JOIN analysis_checkpoints CROSS JOIN log_epoch CROSS JOIN reruns CROSS JOIN hrv_due LIMIT 0;

-- cursors --
-- How far these shards are analysed, and from where their devices' checkpoints need frames again.
SELECT shard, next_xid::text::bigint, replay_xid::text::bigint
FROM analytics_cursors WHERE shard = ANY(%(shards)s) ORDER BY shard;

-- next_frames --
-- The next frames of these shards in the order of commit: whole transactions only (WITH TIES), and none beside which
-- an older one still runs, since that one's frames must come first.
SELECT
    f.xid::text::bigint, f.device_id, f.patient_id, f.tenant_id, s.boot_id, f.seq, f.t0, f.received_at,
    f.fs_mhz, f.lead, f.gain, f.baseline, f.flags, f.samples
FROM (
    SELECT *
    FROM ecg_frames
    WHERE shard = ANY(%(shards)s)
        AND xid >= %(next_xid)s::bigint::text::xid8
        AND xid < (SELECT log_horizon())
    ORDER BY xid
    FETCH FIRST %(frames)s ROWS WITH TIES
) AS f
JOIN streams AS s USING (stream_id)
ORDER BY f.xid, f.stream_id, f.seq;

-- frames_again --
-- Frames of these shards that were analysed before, from `next_xid` up to `below`, in the same order.
SELECT
    f.xid::text::bigint, f.device_id, f.patient_id, f.tenant_id, s.boot_id, f.seq, f.t0, f.received_at,
    f.fs_mhz, f.lead, f.gain, f.baseline, f.flags, f.samples
FROM (
    SELECT *
    FROM ecg_frames
    WHERE shard = ANY(%(shards)s)
        AND xid >= %(next_xid)s::bigint::text::xid8
        AND xid < %(below)s::bigint::text::xid8
    ORDER BY xid
    FETCH FIRST %(frames)s ROWS WITH TIES
) AS f
JOIN streams AS s USING (stream_id)
ORDER BY f.xid, f.stream_id, f.seq;

-- checkpoints --
-- The engine's rows of these devices, as they were saved.
SELECT device_id, engine, next_xid::text::bigint, state FROM analysis_checkpoints WHERE device_id = ANY(%(devices)s);

-- limits --
-- Every patient's own limits.
SELECT patient_id, call, name, value FROM patient_limits ORDER BY patient_id, call, name;
