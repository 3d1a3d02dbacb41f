-- Where signal stays: a minute of one stream in one block, lossless; who may forget what, and who did
-- (docs/adr/0010).

-- A frame belongs to the minute of its first sample. Frames of a minute that differ in lead, rate or scale stand in
-- blocks of their own (`part`). `layout` says where the frames were (heartwire/storage/blocks.py), `samples` is FLAC.
-- A frame is either in ecg_frames or in one block, never in both and never in neither.
CREATE TABLE ecg_blocks (
    stream_id bigint NOT NULL,
    minute timestamptz NOT NULL,
    began timestamptz NOT NULL,
    ended timestamptz NOT NULL,
    patient_id bigint NOT NULL,
    gain double precision NOT NULL,
    tenant_id integer NOT NULL,
    fs_mhz integer NOT NULL,
    n_samples integer NOT NULL,
    n_frames integer NOT NULL,
    part smallint NOT NULL,
    baseline smallint NOT NULL,
    lead text NOT NULL,
    layout bytea NOT NULL,
    samples bytea NOT NULL,
    PRIMARY KEY (stream_id, minute, part)
);
-- Nothing here compresses any further: do not try. The layout is short and stays beside its row's other columns.
ALTER TABLE ecg_blocks ALTER COLUMN samples SET STORAGE EXTERNAL;
ALTER TABLE ecg_blocks ALTER COLUMN layout SET STORAGE MAIN;
CREATE INDEX ecg_blocks_patient_minute ON ecg_blocks (patient_id, minute);

DO $body$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('ecg_blocks', by_range('minute', interval '1 day'), create_default_indexes => false);
    END IF;
END
$body$;
