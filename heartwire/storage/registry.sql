-- add_patient --
-- A new patient of a tenant.
INSERT INTO patients (tenant_id, name, ward)
SELECT tenant_id, %(name)s, %(ward)s FROM tenants WHERE name = %(tenant)s
RETURNING patient_id;

-- add_device --
-- A device that is allowed to send for a patient.
INSERT INTO devices (device_id, tenant_id, patient_id, shard)
SELECT %(device)s, tenant_id, patient_id, %(shard)s FROM patients WHERE patient_id = %(patient_id)s
RETURNING device_id;

-- add_many --
-- Devices that are not there yet, each with a patient of its own, named after it.
WITH wanted AS (
    SELECT t.tenant_id, k.device_id, k.shard, %(prefix)s || k.device_id AS name
    FROM unnest(%(devices)s::text[], %(shards)s::smallint[]) AS k (device_id, shard)
    JOIN tenants AS t ON t.name = %(tenant)s
    WHERE NOT EXISTS (SELECT FROM devices AS d WHERE d.device_id = k.device_id)
), added AS (
    INSERT INTO patients (tenant_id, name, ward) SELECT tenant_id, name, %(ward)s FROM wanted RETURNING patient_id, name
)
INSERT INTO devices (device_id, tenant_id, patient_id, shard)
SELECT w.device_id, w.tenant_id, a.patient_id, w.shard FROM wanted AS w JOIN added AS a USING (name);

-- set_limit --
-- A patient's own limit of a call, replacing an earlier one.
INSERT INTO patient_limits (patient_id, tenant_id, call, name, value)
SELECT patient_id, tenant_id, %(call)s, %(name)s, %(value)s FROM patients WHERE patient_id = %(patient_id)s
ON CONFLICT (patient_id, call, name) DO UPDATE SET value = excluded.value
RETURNING patient_id;

-- list_patients --
-- Every patient with each of his devices.
SELECT p.patient_id, coalesce(d.device_id, ''), p.ward, p.name
FROM patients AS p LEFT JOIN devices AS d USING (patient_id)
ORDER BY p.patient_id, d.device_id;
