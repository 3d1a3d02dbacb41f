-- patient --
SELECT patient_id FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s;

-- limits --
SELECT call, name, value FROM patient_limits WHERE patient_id = %(patient_id)s;

-- under_way --
SELECT count(*) FROM rehearsals WHERE asked_by = %(user_id)s AND ended_at IS NULL AND cancelled_at IS NULL;

-- ask --
-- Up to now: what rings at this moment is what the limit is thought about for.
INSERT INTO rehearsals (tenant_id, patient_id, asked_by, from_at, to_at, limits)
SELECT %(tenant_id)s, %(patient_id)s, %(user_id)s, t.end_at - %(days)s * interval '1 day', t.end_at, %(limits)s
FROM date_trunc('second', now()) AS t (end_at)
RETURNING rehearsal_id;

-- one --
SELECT rehearsal_id, from_at, to_at, limits, attempts, done_until, ended_at, cancelled_at, failed, result
FROM rehearsals
WHERE rehearsal_id = %(rehearsal_id)s AND patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s;

-- cancel --
UPDATE rehearsals SET cancelled_at = clock_timestamp()
WHERE rehearsal_id = %(rehearsal_id)s AND patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s
    AND ended_at IS NULL AND cancelled_at IS NULL;
