-- join --
-- A new worker without shards, kept by this session.
INSERT INTO shard_workers (service, instance, keeper_pid, keeper_start)
SELECT %(service)s, %(instance)s, pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
RETURNING worker_id;

-- renew --
-- The worker lives, and this session keeps it. No row: it was buried. A writing transaction does not hold this up.
UPDATE shard_workers AS w SET seen_at = clock_timestamp(), keeper_pid = a.pid, keeper_start = a.backend_start
FROM pg_stat_activity AS a
WHERE w.worker_id = %(worker_id)s AND a.pid = pg_backend_pid()
RETURNING w.worker_id;

-- set_writer --
-- This session writes for the worker: it is ended when the worker is buried.
UPDATE shard_workers AS w SET writer_pid = a.pid, writer_start = a.backend_start
FROM pg_stat_activity AS a
WHERE w.worker_id = %(worker_id)s AND a.pid = pg_backend_pid()
RETURNING w.worker_id;

-- fence --
-- The right to write, kept until the transaction ends: whoever buries the worker waits for it.
SELECT worker_id FROM shard_workers WHERE worker_id = %(worker_id)s FOR KEY SHARE;

-- end_writers --
-- Of workers that were not seen for too long: a process that is frozen in the middle of a transaction would hold its
-- right to write for ever.
SELECT pg_terminate_backend(a.pid)
FROM shard_workers AS w
JOIN pg_stat_activity AS a ON a.pid = w.writer_pid AND a.backend_start = w.writer_start
WHERE w.service = %(service)s AND w.worker_id <> %(worker_id)s
    AND w.seen_at < clock_timestamp() - make_interval(secs => %(ttl_s)s);

-- bury --
-- Workers that were not seen for too long, or whose keeper's session is gone and did not come back. Their shards are
-- free then. One that is just writing is left for the next time.
DELETE FROM shard_workers WHERE worker_id IN (
    SELECT w.worker_id
    FROM shard_workers AS w
    WHERE w.service = %(service)s AND w.worker_id <> %(worker_id)s AND (
        w.seen_at < clock_timestamp() - make_interval(secs => %(ttl_s)s)
        OR w.seen_at < clock_timestamp() - make_interval(secs => %(grace_s)s) AND NOT EXISTS (
            SELECT FROM pg_stat_activity AS a WHERE a.pid = w.keeper_pid AND a.backend_start = w.keeper_start
        )
    )
    FOR UPDATE SKIP LOCKED
)
RETURNING worker_id, instance;

-- workers --
-- The living, in one order for all who look.
SELECT worker_id FROM shard_workers WHERE service = %(service)s ORDER BY worker_id;

-- claim --
-- Free shards, at most so many; of two who reach for one, one gets it.
UPDATE shard_leases SET worker_id = %(worker_id)s
WHERE service = %(service)s AND worker_id IS NULL AND shard IN (
    SELECT shard FROM shard_leases
    WHERE service = %(service)s AND worker_id IS NULL
    ORDER BY shard LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
);

-- held --
SELECT shard FROM shard_leases WHERE service = %(service)s AND worker_id = %(worker_id)s ORDER BY shard;

-- release --
-- Shards that the worker has done with.
UPDATE shard_leases SET worker_id = NULL
WHERE service = %(service)s AND worker_id = %(worker_id)s AND shard = ANY(%(shards)s);

-- leave --
-- The worker ends; its shards are free.
DELETE FROM shard_workers WHERE worker_id = %(worker_id)s;
