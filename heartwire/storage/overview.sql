-- sizes --
-- Tables with all that belongs to them: chunks, indexes, TOAST. Rows as the planner knows them.
SELECT
    t.name,
    sum(pg_total_relation_size(c.oid))::bigint,
    sum(greatest(k.reltuples, 0))::bigint
FROM unnest(%(tables)s::text[]) AS t (name)
CROSS JOIN LATERAL (
    SELECT to_regclass(t.name) AS oid
    UNION ALL
    SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = to_regclass(t.name)
) AS c
JOIN pg_class AS k ON k.oid = c.oid
GROUP BY t.name;

-- blocks --
SELECT count(*), coalesce(sum(n_frames), 0)::bigint, coalesce(sum(n_samples), 0)::bigint FROM ecg_blocks;

-- raw --
-- Frames, samples, and the frames that wait for analytics.
SELECT
    count(*), coalesce(sum(octet_length(f.samples) / 2), 0)::bigint,
    count(*) FILTER (WHERE f.xid >= c.replay_xid)
FROM ecg_frames AS f JOIN analytics_cursors AS c USING (shard);

-- extents --
SELECT
    (SELECT min(t0) FROM ecg_frames), (SELECT max(t0) FROM ecg_frames),
    (SELECT min(minute) FROM ecg_blocks), (SELECT max(minute) FROM ecg_blocks);

-- whole --
SELECT pg_database_size(current_database());

-- directory --
-- Null to whom the server does not tell.
SELECT
    CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER') THEN current_setting('data_directory') END,
    inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr();
