-- in_force --
-- Every pause of a tenant that holds now.
SELECT p.pause_id, p.kind, p.patient_id, p.ward, u.name, p.begun_at, p.until_at, p.reason, p.ended_at
FROM pauses AS p JOIN users AS u USING (user_id)
WHERE p.tenant_id = %(tenant_id)s AND p.ended_at IS NULL AND is_in_force(p.begun_at, p.until_at)
ORDER BY p.pause_id;

-- find_patient_id --
SELECT FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s;

-- find_ward --
SELECT FROM patients WHERE ward = %(ward)s AND tenant_id = %(tenant_id)s LIMIT 1;

-- begin --
INSERT INTO pauses (tenant_id, kind, patient_id, ward, until_at, user_id, reason, detail)
VALUES (
    %(tenant_id)s, %(kind)s, %(patient_id)s, %(ward)s, clock_timestamp() + %(seconds)s * interval '1 s', %(user_id)s,
    %(reason)s, %(detail)s
)
RETURNING pause_id, kind, patient_id, ward, %(name)s, begun_at, until_at, reason, ended_at;

-- end --
-- The first who ends it counts; one that ran out stays as it was.
UPDATE pauses SET ended_at = clock_timestamp(), ended_by = %(user_id)s
WHERE pause_id = %(pause_id)s AND tenant_id = %(tenant_id)s AND ended_at IS NULL
    AND is_in_force(begun_at, until_at)
RETURNING patient_id;

-- one --
SELECT p.pause_id, p.kind, p.patient_id, p.ward, u.name, p.begun_at, p.until_at, p.reason, p.ended_at
FROM pauses AS p JOIN users AS u USING (user_id)
WHERE p.pause_id = %(pause_id)s AND p.tenant_id = %(tenant_id)s;
