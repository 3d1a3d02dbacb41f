-- snapshot --
-- Which transactions are over, as this connection sees it.
SELECT pg_snapshot_xmax(s)::text::bigint, ARRAY(SELECT pg_snapshot_xip(s)::text::bigint)
FROM pg_current_snapshot() AS s;

-- listen --
-- Ingest says it in each of its commits.
LISTEN heartwire_frames;

-- add_credentials --
-- Hashes of the passwords with which devices of a fleet are let in; a new one replaces what was there.
INSERT INTO device_credentials (device_id, tenant_id, salt, iterations, hash)
SELECT d.device_id, d.tenant_id, k.salt, k.iterations, k.hash
FROM unnest(%(devices)s::text[], %(salts)s::bytea[], %(iterations)s::integer[], %(hashes)s::bytea[])
    AS k (device_id, salt, iterations, hash)
JOIN devices AS d USING (device_id)
ON CONFLICT (device_id) DO UPDATE SET
    salt = excluded.salt, iterations = excluded.iterations, hash = excluded.hash, issued_at = now();

-- prepare_check --
-- Once a connection: what the fleet made, when each transaction was seen to be over, and the fleet's frames as they
-- are stored. In one pass: a run's frames are gigabytes.
CREATE TEMPORARY TABLE made (
    device_id text NOT NULL, boot_id bigint NOT NULL, frames bigint NOT NULL, t0_us bigint NOT NULL
);
CREATE TEMPORARY TABLE sighted (xid bigint NOT NULL, at_us bigint NOT NULL);

-- copy_made --
COPY made FROM STDIN;

-- copy_sighted --
COPY sighted FROM STDIN;

-- gather --
-- `is_right`: one of those that were made, of the time that it was made with. `xid`: as the cluster counts, not the log.
CREATE TEMPORARY TABLE stored AS
SELECT
    f.stream_id,
    f.seq,
    f.xid::text::bigint - (SELECT xid_offset FROM log_epoch) AS xid,
    f.t0_us + 1000000 AS end_us,
    f.seq BETWEEN 0 AND m.frames - 1 AND f.t0_us = m.t0_us + f.seq * 1000000 AND f.n_samples = %(n_samples)s AS is_right
FROM made AS m
JOIN streams AS s ON s.device_id = m.device_id AND s.boot_id = m.boot_id AND s.stream = 'ecg'
JOIN (
    SELECT
        stream_id, seq, xid, octet_length(samples) / 2 AS n_samples, (extract(epoch FROM t0) * 1000000)::bigint AS t0_us
    FROM ecg_frames
    WHERE t0 BETWEEN %(first)s AND %(last)s
) AS f USING (stream_id);

-- count --
-- Rows, frames (device, boot, number), those that are right.
SELECT count(*), count(DISTINCT (stream_id, seq)), count(DISTINCT (stream_id, seq)) FILTER (WHERE is_right) FROM stored;

-- streams_complete --
-- Streams of which the log of numbers says that all of them are there, and nothing else.
SELECT count(*)
FROM made AS m
JOIN streams AS s ON s.device_id = m.device_id AND s.boot_id = m.boot_id AND s.stream = 'ecg'
WHERE s.received = int8multirange(int8range(0, m.frames));

-- dead_letters --
-- Of the fleet's devices, since it began.
SELECT d.reason, count(*)
FROM dead_letters AS d
WHERE d.received_at >= %(since)s AND split_part(d.topic, '/', 4) IN (SELECT device_id FROM made)
GROUP BY d.reason;

-- latency --
-- From the end of a frame to the moment at which another connection saw it committed, milliseconds.
SELECT count(*), percentile_disc(%(fractions)s::float8[]) WITHIN GROUP (ORDER BY (g.at_us - f.end_us) / 1000.0)
FROM stored AS f JOIN sighted AS g USING (xid);

-- behind --
-- How old the newest signal is that analytics has seen, by device, seconds.
SELECT count(*), percentile_disc(%(fractions)s::float8[]) WITHIN GROUP (
    ORDER BY extract(epoch FROM clock_timestamp() - analysed_until)::float8
)
FROM signal_states WHERE device_id = ANY(%(devices)s);

-- blocks --
-- What was compacted meanwhile, without the samples.
SELECT
    b.stream_id, (extract(epoch FROM b.minute) * 1000000)::bigint, b.fs_mhz, b.layout, m.frames, m.t0_us
FROM made AS m
JOIN streams AS s ON s.device_id = m.device_id AND s.boot_id = m.boot_id AND s.stream = 'ecg'
JOIN ecg_blocks AS b USING (stream_id)
WHERE b.minute BETWEEN %(first)s::timestamptz - interval '1 minute' AND %(last)s;

-- copy_stored --
COPY stored (stream_id, seq, end_us, is_right) FROM STDIN;

-- patient --
SELECT patient_id FROM streams WHERE device_id = %(device)s AND boot_id = %(boot_id)s LIMIT 1;

-- services --
-- Which of our services are connected here, by name and TCP port of their side.
SELECT application_name, client_port
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND client_port > 0 AND application_name ~ '^heartwire-';
