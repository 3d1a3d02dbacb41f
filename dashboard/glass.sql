-- elsewhere --
-- Patients of the tenant by a part of their names, for who sees some wards only.
SELECT patient_id, name, ward FROM patients
WHERE tenant_id = %(tenant_id)s AND strpos(lower(name), lower(%(name)s)) > 0
ORDER BY name, patient_id
LIMIT 10;

-- patient --
SELECT patient_id, name, ward FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s;

-- break --
INSERT INTO glass_breaks (tenant_id, patient_id, user_id, reason, until_at)
VALUES (%(tenant_id)s, %(patient_id)s, %(user_id)s, %(reason)s, clock_timestamp() + make_interval(secs => %(seconds)s))
RETURNING until_at;

-- tell --
-- The patient's team is told: an alarm for as long as it lasts.
WITH told AS (
    INSERT INTO alarms (tenant_id, patient_id, call, priority, onset_at, signal_at, engine, detail)
    VALUES (
        %(tenant_id)s, %(patient_id)s, %(call)s, %(priority)s, clock_timestamp(), clock_timestamp(), 'dashboard', %(detail)s
    )
    RETURNING alarm_id, tenant_id
)
INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM told;

-- now --
-- By what glass somebody sees a patient who is of none of his wards.
SELECT g.until_at, g.reason
FROM glass_breaks AS g JOIN patients AS p USING (patient_id)
WHERE g.user_id = %(user_id)s AND g.patient_id = %(patient_id)s AND g.until_at > now()
    AND %(wards)s::integer[] IS NOT NULL AND coalesce(p.ward_id <> ALL (%(wards)s::integer[]), true)
ORDER BY g.until_at DESC
LIMIT 1;

-- end --
-- What is over is over, once, whichever process says so.
WITH over AS (
    SELECT alarm_id, tenant_id FROM alarms
    WHERE tenant_id = %(tenant_id)s AND call = %(call)s AND NOT has_ended AND NOT has_suppressed
        AND (detail ->> 'until_us')::bigint <= extract(epoch FROM clock_timestamp()) * 1000000
    FOR UPDATE SKIP LOCKED
)
INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'ended' FROM over;
