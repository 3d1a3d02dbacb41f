-- Heart rate variability by hour, counted from the beats when the hour is over (docs/adr/0017).

-- Null where too little of the hour is known: fewer than 30 % of it, or 300 intervals.
CREATE TABLE hrv_hours (
    patient_id bigint NOT NULL,
    hour timestamptz NOT NULL,
    device_id text NOT NULL,
    engine text NOT NULL,
    tenant_id integer NOT NULL,
    -- Beats that it was counted from; intervals between normal ones, and which part of the hour they are.
    beats_n integer NOT NULL,
    nn_n integer NOT NULL,
    coverage real NOT NULL,
    sdnn_ms real,
    rmssd_ms real,
    lf_ms2 real,
    hf_ms2 real,
    -- Stretches of five minutes behind the powers.
    segments_n smallint NOT NULL,
    PRIMARY KEY (patient_id, hour, device_id, engine)
);

-- Hours that got beats: to be counted, or counted anew. Marked in the transaction that stores the beats, again and again
-- while they come; taken away in the transaction that counts, if the mark is the one that was seen.
CREATE TABLE hrv_due (
    patient_id bigint NOT NULL,
    hour timestamptz NOT NULL,
    device_id text NOT NULL,
    engine text NOT NULL,
    tenant_id integer NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (patient_id, hour, device_id, engine)
);

-- The room that minutes had for it was never filled: a spectrum does not add up from minutes.
ALTER TABLE beat_minutes
    DROP COLUMN nn_n,
    DROP COLUMN nn_sum_us,
    DROP COLUMN nn_square_sum_us2,
    DROP COLUMN nn_pair_n,
    DROP COLUMN nn_pair_square_sum_us2;

DO $body$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('hrv_hours', by_range('hour', interval '90 days'), create_default_indexes => false);
    END IF;
END
$body$;
