-- Minutes of the heart and of the signal, so that a month draws from thousands of rows; and how each device's link does
-- (docs/adr/0011).

-- What was found in one minute. Sums, never means: rows merge, and the order in which beats came leaves no trace.
-- Intervals are of those beats whose interval is known. Written with the beats, in their transaction.
CREATE TABLE beat_minutes (
    patient_id bigint NOT NULL,
    minute timestamptz NOT NULL,
    device_id text NOT NULL,
    engine text NOT NULL,
    rr_sum_us bigint NOT NULL,
    tenant_id integer NOT NULL,
    rr_n integer NOT NULL,
    rr_min_us integer,
    rr_max_us integer,
    beats_n integer NOT NULL,
    beats_s integer NOT NULL,
    beats_v integer NOT NULL,
    beats_f integer NOT NULL,
    -- Every other label.
    beats_q integer NOT NULL,
    -- Room for heart rate variability: intervals between normal beats and what follows from one to the next, as sums
    -- from which SDNN and RMSSD of any span are made. Not filled yet.
    nn_n integer,
    nn_sum_us bigint,
    nn_square_sum_us2 double precision,
    nn_pair_n integer,
    nn_pair_square_sum_us2 double precision,
    PRIMARY KEY (patient_id, minute, device_id, engine)
) WITH (fillfactor = 60);

-- How much ECG there is of one minute: a fact of the frames, whatever engine read them. By lead, since two leads of one
-- second are one second.
CREATE TABLE ecg_minutes (
    patient_id bigint NOT NULL,
    minute timestamptz NOT NULL,
    device_id text NOT NULL,
    lead text NOT NULL,
    ecg_us bigint NOT NULL,
    tenant_id integer NOT NULL,
    PRIMARY KEY (patient_id, minute, device_id, lead)
) WITH (fillfactor = 60);

DO $body$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('beat_minutes', by_range('minute', interval '7 days'), create_default_indexes => false);
        PERFORM create_hypertable('ecg_minutes', by_range('minute', interval '7 days'), create_default_indexes => false);
    END IF;
END
$body$;

-- What is already there is counted once, here: beats from their table, signal from the frames that are analysed.
INSERT INTO beat_minutes (
    patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us, rr_max_us,
    beats_n, beats_s, beats_v, beats_f, beats_q
)
SELECT
    patient_id, date_bin('1 minute', t, 'epoch'), device_id, engine,
    coalesce(sum(round(rr_s::float8 * 1e6)), 0), tenant_id, count(rr_s),
    min(round(rr_s::float8 * 1e6)), max(round(rr_s::float8 * 1e6)),
    count(*) FILTER (WHERE label = 'N'), count(*) FILTER (WHERE label = 'S'), count(*) FILTER (WHERE label = 'V'),
    count(*) FILTER (WHERE label = 'F'), count(*) FILTER (WHERE label NOT IN ('N', 'S', 'V', 'F'))
FROM beats
GROUP BY patient_id, tenant_id, device_id, engine, date_bin('1 minute', t, 'epoch');

INSERT INTO ecg_minutes (patient_id, minute, device_id, lead, ecg_us, tenant_id)
SELECT
    f.patient_id, m.minute, f.device_id, f.lead,
    sum(round(extract(epoch FROM least(f.ended, m.minute + interval '1 minute') - greatest(f.t0, m.minute)) * 1e6)),
    f.tenant_id
FROM (
    SELECT
        e.*, e.t0 + round(octet_length(e.samples) * float8 '500000000' / e.fs_mhz) * interval '1 microsecond' AS ended
    FROM ecg_frames AS e JOIN analytics_cursors AS c ON c.shard = e.shard AND e.xid < c.next_xid
) AS f
CROSS JOIN generate_series(
    date_bin('1 minute', f.t0, 'epoch'), f.ended - interval '1 microsecond', interval '1 minute'
) AS m (minute)
GROUP BY f.patient_id, f.tenant_id, f.device_id, f.lead, m.minute;

-- How the way from a device to here does, as far as arrivals tell; what the device says itself is in device_status.
-- Kept by ingest, a few seconds behind; lost seconds of it are no loss.
CREATE TABLE device_links (
    device_id text PRIMARY KEY REFERENCES devices,
    tenant_id integer NOT NULL REFERENCES tenants,
    patient_id bigint NOT NULL REFERENCES patients,
    last_contact_at timestamptz NOT NULL,
    last_sample_at timestamptz,
    boot_id bigint NOT NULL,
    boot_first_at timestamptz,
    -- Server's clock less device's; null while unknown.
    clock_offset_us bigint,
    clock_drift_ppm real,
    clock_drift_error_ppm real,
    clock_jump_us bigint,
    clock_jumped_at timestamptz,
    -- Time between two arrivals, the longest of this boot, and when it ended.
    longest_silence_us bigint NOT NULL DEFAULT 0,
    longest_silence_ended_at timestamptz,
    -- What the estimate goes on from after a restart: ingest's own.
    state bytea NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
