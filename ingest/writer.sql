-- prepare_session --
-- Once a connection. Batches are copied here first, and vanish with the transaction. Every query of the writer
-- looks up few keys in large tables, so index lookups are right; the planner cannot know, because it has no
-- statistics on temporary tables, and would read all of `streams` for a large batch.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CREATE TEMPORARY TABLE staged_ecg (
    stream_id bigint NOT NULL,
    seq bigint NOT NULL,
    t0 timestamptz NOT NULL,
    t_end timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    fs_mhz integer NOT NULL,
    gain double precision NOT NULL,
    baseline smallint NOT NULL,
    flags integer NOT NULL,
    lead text NOT NULL,
    samples bytea NOT NULL
) ON COMMIT DELETE ROWS;
ALTER TABLE staged_ecg ALTER COLUMN samples SET STORAGE EXTERNAL;
CREATE TEMPORARY TABLE staged_hr (
    stream_id bigint NOT NULL,
    seq bigint NOT NULL,
    t0 timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    bpm integer NOT NULL,
    rr_ms integer[] NOT NULL,
    contact smallint NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE staged_events (
    stream_id bigint NOT NULL,
    seq bigint NOT NULL,
    t0 timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    kind text NOT NULL,
    text text NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY VIEW staged AS
SELECT stream_id, seq, t_end, received_at FROM staged_ecg
UNION ALL
SELECT stream_id, seq, t0, received_at FROM staged_hr
UNION ALL
SELECT stream_id, seq, t0, received_at FROM staged_events;

-- find_schema --
-- Fails where the schema is missing, at the start rather than at the first frame.
SELECT FROM streams, device_status, ecg_frames, hr_frames, patient_events, dead_letters LIMIT 0;

-- lock_streams --
-- One process at a time decides what of a stream is new. In the order of their ids, so that two processes wait for
-- each other and never both.
SELECT stream_id FROM streams WHERE stream_id = ANY(%(ids)s) ORDER BY stream_id FOR NO KEY UPDATE;

-- copy_ecg --
-- Rows as ingest/rows.py packs them.
COPY staged_ecg (stream_id, seq, t0, t_end, received_at, fs_mhz, gain, baseline, flags, lead, samples)
FROM STDIN (FORMAT BINARY);

-- copy_hr --
COPY staged_hr (stream_id, seq, t0, received_at, bpm, rr_ms, contact) FROM STDIN (FORMAT BINARY);

-- copy_events --
COPY staged_events (stream_id, seq, t0, received_at, kind, text) FROM STDIN (FORMAT BINARY);

-- copy_dead_letters --
-- Straight to where they stay.
COPY dead_letters (received_at, topic, reason, detail, payload) FROM STDIN (FORMAT BINARY);

-- insert_ecg --
-- What is not known yet. The conflict clause is the last guard, should `received` and the rows ever disagree.
INSERT INTO ecg_frames (
    stream_id, seq, t0, tenant_id, patient_id, device_id, shard,
    fs_mhz, lead, gain, baseline, flags, samples, received_at
)
SELECT
    f.stream_id, f.seq, f.t0, s.tenant_id, s.patient_id, s.device_id, s.shard,
    f.fs_mhz, f.lead, f.gain, f.baseline, f.flags, f.samples, f.received_at
FROM staged_ecg AS f JOIN streams AS s USING (stream_id)
WHERE NOT s.received @> f.seq
ON CONFLICT DO NOTHING;

-- insert_hr --
-- As insert_ecg.
INSERT INTO hr_frames (stream_id, seq, t0, tenant_id, patient_id, bpm, rr_ms, contact, received_at)
SELECT f.stream_id, f.seq, f.t0, s.tenant_id, s.patient_id, f.bpm, f.rr_ms, f.contact, f.received_at
FROM staged_hr AS f JOIN streams AS s USING (stream_id)
WHERE NOT s.received @> f.seq
ON CONFLICT DO NOTHING;

-- insert_events --
-- As insert_ecg.
INSERT INTO patient_events (stream_id, seq, t0, tenant_id, patient_id, kind, text, received_at)
SELECT f.stream_id, f.seq, f.t0, s.tenant_id, s.patient_id, f.kind, f.text, f.received_at
FROM staged_events AS f JOIN streams AS s USING (stream_id)
WHERE NOT s.received @> f.seq
ON CONFLICT DO NOTHING;

-- conflicting_ecg --
-- Frames whose seq is known, but which are not what is stored under it. One with another time is a conflict too,
-- found without a look into every chunk: where its time says it should be, it is not. The bounds let TimescaleDB
-- leave out chunks when it plans.
SELECT f.stream_id, f.seq
FROM staged_ecg AS f
JOIN streams AS s USING (stream_id)
LEFT JOIN ecg_frames AS e
    ON e.stream_id = f.stream_id AND e.seq = f.seq AND e.t0 = f.t0 AND e.t0 BETWEEN %(first)s AND %(last)s
WHERE s.received @> f.seq
    AND (e.samples, e.fs_mhz, e.lead, e.gain, e.baseline, e.flags)
    IS DISTINCT FROM (f.samples, f.fs_mhz, f.lead, f.gain, f.baseline, f.flags);

-- conflicting_hr --
-- As conflicting_ecg.
SELECT f.stream_id, f.seq
FROM staged_hr AS f
JOIN streams AS s USING (stream_id)
LEFT JOIN hr_frames AS e
    ON e.stream_id = f.stream_id AND e.seq = f.seq AND e.t0 = f.t0 AND e.t0 BETWEEN %(first)s AND %(last)s
WHERE s.received @> f.seq AND (e.bpm, e.rr_ms, e.contact) IS DISTINCT FROM (f.bpm, f.rr_ms, f.contact);

-- conflicting_events --
-- As conflicting_ecg; a plain table everywhere, so without bounds.
SELECT f.stream_id, f.seq
FROM staged_events AS f
JOIN streams AS s USING (stream_id)
LEFT JOIN patient_events AS e ON e.stream_id = f.stream_id AND e.seq = f.seq
WHERE s.received @> f.seq AND (e.t0, e.kind, e.text) IS DISTINCT FROM (f.t0, f.kind, f.text);

-- update_received --
-- Each stream of the batch learns what it has now, and says what is missing: at most one range more than an ack
-- can carry, so that its writer sees that there are more.
UPDATE streams AS s
SET
    received = s.received + n.seqs,
    last_sample_at = greatest(s.last_sample_at, n.last_sample_at),
    last_received_at = greatest(s.last_received_at, n.last_received_at)
FROM (
    SELECT
        f.stream_id,
        range_agg(int8range(f.seq, f.seq + 1)) AS seqs,
        max(f.t_end) FILTER (WHERE NOT o.received @> f.seq) AS last_sample_at,
        max(f.received_at) AS last_received_at,
        count(*) FILTER (WHERE NOT o.received @> f.seq) AS new_frames,
        count(*) FILTER (WHERE o.received @> f.seq) AS known_frames
    FROM staged AS f JOIN streams AS o USING (stream_id)
    GROUP BY f.stream_id
) AS n
WHERE s.stream_id = n.stream_id
RETURNING
    s.stream_id,
    upper(s.received) - 1,
    ARRAY(
        SELECT ARRAY[lower(gap), upper(gap) - 1]
        FROM unnest(int8multirange(int8range(0, upper(s.received))) - s.received) AS gap
        LIMIT %(gaps)s
    ),
    n.new_frames,
    n.known_frames;

-- settle_refused --
-- A frame that can only be a dead letter counts as received: otherwise its edge would send it for ever.
UPDATE streams AS s
SET received = s.received + int8multirange(int8range(%(seq)s, %(seq)s + 1)), last_received_at = now()
WHERE s.stream_id = %(stream_id)s
RETURNING
    s.stream_id,
    upper(s.received) - 1,
    ARRAY(
        SELECT ARRAY[lower(gap), upper(gap) - 1]
        FROM unnest(int8multirange(int8range(0, upper(s.received))) - s.received) AS gap
        LIMIT %(gaps)s
    ),
    0::bigint,
    1::bigint;

-- upsert_status --
-- The newest word wins, by the device's own time: a broker's memory, an old boot or a message out of order changes
-- nothing. A will is dated when its connection began, before everything said on it, and speaks of the moment in
-- which the broker sends it: live and of the same boot, it turns `online` off and leaves the rest.
INSERT INTO device_status AS o (
    device_id, tenant_id, boot_id, t, online, battery_percent, firmware, wearable, rssi_dbm,
    outbox_frames, outbox_bytes_left, received_at
)
SELECT
    device_id, tenant_id, %(boot_id)s, %(t)s, %(online)s, %(battery_percent)s::smallint, %(firmware)s, %(wearable)s,
    %(rssi_dbm)s::smallint, %(outbox_frames)s, %(outbox_bytes_left)s, %(received_at)s
FROM devices WHERE device_id = %(device)s
ON CONFLICT (device_id) DO UPDATE SET
    boot_id = excluded.boot_id,
    t = greatest(o.t, excluded.t),
    online = excluded.online,
    battery_percent = CASE WHEN excluded.t > o.t THEN excluded.battery_percent ELSE o.battery_percent END,
    firmware = CASE WHEN excluded.t > o.t THEN excluded.firmware ELSE o.firmware END,
    wearable = CASE WHEN excluded.t > o.t THEN excluded.wearable ELSE o.wearable END,
    rssi_dbm = CASE WHEN excluded.t > o.t THEN excluded.rssi_dbm ELSE o.rssi_dbm END,
    outbox_frames = CASE WHEN excluded.t > o.t THEN excluded.outbox_frames ELSE o.outbox_frames END,
    outbox_bytes_left = CASE WHEN excluded.t > o.t THEN excluded.outbox_bytes_left ELSE o.outbox_bytes_left END,
    received_at = excluded.received_at
WHERE excluded.t > o.t OR (%(is_live_will)s AND excluded.boot_id = o.boot_id AND o.online);

-- tell --
-- Analytics and dashboard wake up when this commits.
NOTIFY heartwire_frames;
