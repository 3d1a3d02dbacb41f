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
