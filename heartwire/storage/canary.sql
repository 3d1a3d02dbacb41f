-- add_tenant --
INSERT INTO tenants (name, purpose) VALUES (%(tenant)s, 'canary') ON CONFLICT DO NOTHING;

-- add_device --
-- The canary's patient with its device, where there is none yet.
WITH patient AS (
    INSERT INTO patients (tenant_id, name)
    SELECT tenant_id, %(patient)s FROM tenants
    WHERE purpose = 'canary' AND NOT EXISTS (SELECT FROM devices WHERE device_id = %(device)s)
    RETURNING patient_id, tenant_id
)
INSERT INTO devices (device_id, tenant_id, patient_id, shard)
SELECT %(device)s, tenant_id, patient_id, %(shard)s FROM patient;

-- come_back --
-- One that was retired is there again.
UPDATE devices SET revoked_at = NULL, revoked_why = '', paired_at = now()
WHERE device_id = %(device)s AND revoked_at IS NOT NULL;

-- runs_now --
-- Whether a canary has given a sign of life in the last ten seconds.
SELECT coalesce(max(at) > clock_timestamp() - interval '10 s', false) FROM service_heartbeats WHERE service = 'canary';

-- retire --
-- Nothing is heard of its device any more; it is on call no more, and what it proved is of no use.
WITH device AS (
    UPDATE devices SET revoked_at = now(), revoked_why = %(why)s
    WHERE device_id = %(device)s AND revoked_at IS NULL
    RETURNING tenant_id
), duty AS (
    DELETE FROM on_call WHERE tenant_id IN (SELECT tenant_id FROM device)
), chain AS (
    DELETE FROM escalation_chains WHERE tenant_id IN (SELECT tenant_id FROM device)
), runs AS (
    DELETE FROM canary_runs WHERE EXISTS (SELECT FROM device)
)
SELECT tenant_id FROM device;

-- add_user --
-- Who acknowledges in the canary's name: nobody signs in as it.
INSERT INTO users (tenant_id, login, name, password_hash, role)
SELECT tenant_id, %(login)s, %(patient)s, '!', 'nurse' FROM tenants WHERE purpose = 'canary'
ON CONFLICT (login) DO UPDATE SET disabled_at = NULL, role = EXCLUDED.role
WHERE users.disabled_at IS NOT NULL OR users.role <> EXCLUDED.role;

-- add_contact --
-- How the notifier tells it: nothing is sent.
INSERT INTO contacts (tenant_id, user_id, kind, label, scheme, address, created_by)
SELECT tenant_id, user_id, 'canary', %(patient)s, 'canary', '', user_id FROM users WHERE login = %(login)s
ON CONFLICT DO NOTHING;

-- add_on_call --
-- It is on call for itself, for ever.
INSERT INTO on_call (tenant_id, user_id, step, from_at, to_at, created_by)
SELECT u.tenant_id, u.user_id, 1, now(), timestamptz '9000-01-01', u.user_id FROM users AS u
WHERE u.login = %(login)s AND NOT EXISTS (SELECT FROM on_call AS o WHERE o.tenant_id = u.tenant_id);

-- add_chain --
-- At once, and nobody after it.
INSERT INTO escalation_chains (tenant_id, priority, delays_s, set_by)
SELECT tenant_id, 'high', '{0}', user_id FROM users WHERE login = %(login)s
ON CONFLICT DO NOTHING;

-- keep_days --
-- What is proven again in minutes is of no use for long.
INSERT INTO retention_policies (tenant_id, kind, keep_days, effective_at, set_by)
SELECT t.tenant_id, k.kind, %(keep_days)s, now(), 'heartwire'
FROM tenants AS t CROSS JOIN (VALUES ('ecg'), ('beats'), ('alarms')) AS k (kind)
WHERE t.purpose = 'canary'
ON CONFLICT (tenant_id, kind) DO NOTHING;

-- credential --
SELECT salt, iterations, hash FROM device_credentials WHERE device_id = %(device)s;

-- set_credential --
INSERT INTO device_credentials (device_id, tenant_id, salt, iterations, hash)
SELECT device_id, tenant_id, %(salt)s, %(iterations)s, %(hash)s FROM devices WHERE device_id = %(device)s
ON CONFLICT (device_id) DO UPDATE SET
    salt = excluded.salt, iterations = excluded.iterations, hash = excluded.hash, issued_at = now();
