-- Who works on which shards. A worker is one process of one service; its row is its right to write: who finds it gone
-- has lost its shards (docs/adr/0008).

CREATE TABLE shard_workers (
    worker_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service text NOT NULL,
    instance text NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The sessions of the process: the one that keeps this row, and the one that writes.
    keeper_pid integer NOT NULL,
    keeper_start timestamptz NOT NULL,
    writer_pid integer,
    writer_start timestamptz
);
CREATE INDEX shard_workers_service ON shard_workers (service);

CREATE TABLE shard_leases (
    service text NOT NULL,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 63),
    worker_id bigint REFERENCES shard_workers ON DELETE SET NULL,
    PRIMARY KEY (service, shard)
) WITH (fillfactor = 50);
CREATE INDEX shard_leases_worker ON shard_leases (worker_id);
INSERT INTO shard_leases (service, shard)
SELECT service, shard FROM unnest(ARRAY['ingest', 'analytics', 'compactor']) AS service, generate_series(0, 63) AS shard;
