-- The review queue and the statistics ask for a hospital's alarms of some days, whoever's they are.
CREATE INDEX alarms_by_time ON alarms (tenant_id, onset_at);
