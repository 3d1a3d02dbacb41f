-- prepare_session --
-- Once a connection. Every query of the writer looks up few keys in large tables, so index lookups are right; the
-- planner cannot know how many keys an array holds, and would read all of `streams` for a large batch.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
-- Here the database says that a device was revoked, or may send again.
LISTEN heartwire_devices;

-- find_schema --
-- Fails where the schema is missing, at the start rather than at the first frame.
SELECT FROM streams, device_status, ecg_frames, hr_frames, patient_events, symptoms, care_messages, dead_letters, log_epoch
LIMIT 0;

-- update_received --
-- Each stream of the batch learns what it has from now on. None of it may be known: what this process remembers of a
-- stream is checked here, against whatever another process may have written meanwhile, and a row that does not fit is
-- left out. In the order of their ids, so that two processes wait for each other and never both.
UPDATE streams AS s
SET
    received = s.received + v.seqs::int8multirange,
    last_sample_at = greatest(s.last_sample_at, to_timestamp(v.last_sample_us::float8 / 1e6)),
    last_received_at = greatest(s.last_received_at, to_timestamp(v.last_received_us::float8 / 1e6))
FROM unnest(%(ids)s::bigint[], %(seqs)s::text[], %(samples_us)s::bigint[], %(received_us)s::bigint[])
    AS v (stream_id, seqs, last_sample_us, last_received_us)
WHERE s.stream_id = v.stream_id AND NOT s.received && v.seqs::int8multirange;

-- copy_ecg --
-- Rows as ingest/rows.py packs them.
COPY ecg_frames (
    stream_id, tenant_id, patient_id, shard, device_id,
    seq, t0, received_at, fs_mhz, gain, baseline, flags, lead, samples
) FROM STDIN (FORMAT BINARY);

-- copy_hr --
COPY hr_frames (stream_id, seq, t0, tenant_id, patient_id, bpm, rr_ms, contact, received_at)
FROM STDIN (FORMAT BINARY);

-- copy_events --
COPY patient_events (stream_id, seq, t0, tenant_id, patient_id, kind, text, received_at) FROM STDIN (FORMAT BINARY);

-- copy_dead_letters --
COPY dead_letters (received_at, topic, reason, detail, payload) FROM STDIN (FORMAT BINARY);

-- stored_ecg --
-- What is stored under known numbers. One with another time is another frame, found without a look into every chunk:
-- where its time says it should be, it is not. The bounds let TimescaleDB leave out chunks when it plans.
SELECT e.stream_id, e.seq, e.fs_mhz, e.lead, e.gain, e.baseline, e.flags, e.samples
FROM unnest(%(ids)s::bigint[], %(seqs)s::bigint[], %(times)s::timestamptz[]) AS k (stream_id, seq, t0)
JOIN ecg_frames AS e
    ON e.stream_id = k.stream_id AND e.seq = k.seq AND e.t0 = k.t0 AND e.t0 BETWEEN %(first)s AND %(last)s;

-- stored_hr --
-- As stored_ecg.
SELECT e.stream_id, e.seq, e.bpm, e.rr_ms, e.contact
FROM unnest(%(ids)s::bigint[], %(seqs)s::bigint[], %(times)s::timestamptz[]) AS k (stream_id, seq, t0)
JOIN hr_frames AS e
    ON e.stream_id = k.stream_id AND e.seq = k.seq AND e.t0 = k.t0 AND e.t0 BETWEEN %(first)s AND %(last)s;

-- stored_events --
-- As stored_ecg; a plain table everywhere, so without bounds.
SELECT e.stream_id, e.seq, e.kind, e.text
FROM unnest(%(ids)s::bigint[], %(seqs)s::bigint[], %(times)s::timestamptz[]) AS k (stream_id, seq, t0)
JOIN patient_events AS e ON e.stream_id = k.stream_id AND e.seq = k.seq AND e.t0 = k.t0;

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
