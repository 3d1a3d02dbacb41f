-- What an engine finds when it is run again over stored signal stands beside what the live analysis found, by engine. It is
-- marked, row by row: what is shown, counted and told is the live analysis's alone (docs/adr/0016).
ALTER TABLE beats ADD COLUMN is_rerun boolean NOT NULL DEFAULT false;
ALTER TABLE episodes ADD COLUMN is_rerun boolean NOT NULL DEFAULT false;
ALTER TABLE rhythms ADD COLUMN is_rerun boolean NOT NULL DEFAULT false;

-- Which stretches were analysed again by which engine. `done_until`: up to there its beats are stored; the stretch's end
-- when all is. Nothing of it is ever an alarm.
CREATE TABLE reruns (
    patient_id bigint NOT NULL REFERENCES patients,
    engine text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    tenant_id integer NOT NULL REFERENCES tenants,
    done_until timestamptz NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (patient_id, engine, from_at, to_at),
    CHECK (from_at < to_at)
);
