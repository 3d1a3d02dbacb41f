-- waiting --
-- Committed frames that are not analysed yet (counted up to 10,000: beyond it the number says enough), since when the
-- oldest waits, seconds, and how many of them wait for a transaction that is older and still open.
SELECT
    count(*),
    coalesce(extract(epoch FROM clock_timestamp() - min(f.received_at)), 0)::double precision,
    count(*) FILTER (WHERE f.xid >= (SELECT log_horizon()))
FROM (
    SELECT f.received_at, f.xid
    FROM ecg_frames AS f JOIN analytics_cursors AS c USING (shard)
    WHERE f.xid >= (SELECT min(next_xid) FROM analytics_cursors) AND f.xid >= c.next_xid
    LIMIT 10000
) AS f;
