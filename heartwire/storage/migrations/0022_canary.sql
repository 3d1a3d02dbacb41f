-- The canary: a patient that does not exist, of a tenant of its own, whose alarms prove the way of all others (P6,
-- docs/adr/0028).

ALTER TABLE tenants ADD COLUMN purpose text NOT NULL DEFAULT 'care' CHECK (purpose IN ('care', 'canary'));
CREATE UNIQUE INDEX tenants_canary ON tenants (purpose) WHERE purpose = 'canary';

-- Each time that the canary's heart went wrong, and when the next stages knew. Of nobody: no row tells of a patient.
-- A run that is over has all its stages, or the name of the first that it did not reach.
CREATE TABLE canary_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    onset_at timestamptz NOT NULL,
    cycle_s real NOT NULL CHECK (cycle_s > 0),
    sent_at timestamptz,
    stored_at timestamptz,
    raised_at timestamptz,
    notified_at timestamptz,
    acknowledged_at timestamptz,
    sealed_at timestamptz,
    ended_at timestamptz,
    failed_stage text CHECK (failed_stage IN ('sent', 'stored', 'raised', 'notified', 'acknowledged', 'sealed')),
    CHECK (failed_stage IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX canary_runs_ended ON canary_runs (ended_at DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX canary_runs_proven ON canary_runs (ended_at DESC) WHERE ended_at IS NOT NULL AND failed_stage IS NULL;

-- A fault of the system itself is told to every tenant: the same call with the same onset, once in each.
ALTER TABLE alarms
    DROP CONSTRAINT alarms_device_id_call_onset_at_engine_key,
    ADD UNIQUE NULLS NOT DISTINCT (device_id, call, onset_at, engine, tenant_id);
