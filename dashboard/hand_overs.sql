-- open --
-- What is offered and neither accepted nor withdrawn.
SELECT h.hand_over_id, f.user_id, f.name, t.user_id, t.name, h.ward, cardinality(h.patients), cardinality(h.alarms),
    h.offered_at, h.accepted_at, h.withdrawn_at
FROM hand_overs AS h JOIN users AS f ON f.user_id = h.from_user JOIN users AS t ON t.user_id = h.to_user
WHERE h.tenant_id = %(tenant_id)s AND h.accepted_at IS NULL AND h.withdrawn_at IS NULL
ORDER BY h.hand_over_id;

-- one --
SELECT h.hand_over_id, f.user_id, f.name, t.user_id, t.name, h.ward, cardinality(h.patients), cardinality(h.alarms),
    h.offered_at, h.accepted_at, h.withdrawn_at
FROM hand_overs AS h JOIN users AS f ON f.user_id = h.from_user JOIN users AS t ON t.user_id = h.to_user
WHERE h.hand_over_id = %(hand_over_id)s AND h.tenant_id = %(tenant_id)s;

-- colleagues --
-- Who may be given patients and alarms.
SELECT user_id, name, role, login FROM users
WHERE tenant_id = %(tenant_id)s AND disabled_at IS NULL AND role = ANY(%(roles)s)
ORDER BY name, user_id;

-- colleague --
SELECT user_id, name, role FROM users
WHERE user_id = %(user_id)s AND tenant_id = %(tenant_id)s AND disabled_at IS NULL AND role = ANY(%(roles)s);

-- lock_patient --
-- One hand at a time on whose patient it is.
SELECT FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s FOR NO KEY UPDATE;

-- assign --
-- The patient's nurse from now on, unless it is so already.
INSERT INTO nurse_assignments (tenant_id, patient_id, user_id, assigned_by)
SELECT %(tenant_id)s, %(patient_id)s, %(user_id)s, %(by)s
WHERE nurse_of(%(patient_id)s) IS DISTINCT FROM %(user_id)s::bigint
RETURNING assignment_id;

-- withdraw_others --
-- Who offers anew takes back what he offered before.
UPDATE hand_overs SET withdrawn_at = clock_timestamp(), withdrawn_by = %(user_id)s
WHERE from_user = %(user_id)s AND tenant_id = %(tenant_id)s AND accepted_at IS NULL AND withdrawn_at IS NULL;

-- offer --
-- All of the giver's patients, of a ward or of all, with their open alarms, as they are now.
WITH mine AS (
    SELECT patient_id FROM patients
    WHERE tenant_id = %(tenant_id)s AND (%(ward)s::text IS NULL OR ward = %(ward)s)
        AND nurse_of(patient_id) = %(user_id)s
)
INSERT INTO hand_overs (tenant_id, from_user, to_user, ward, patients, alarms)
SELECT
    %(tenant_id)s, %(user_id)s, %(to_user_id)s, %(ward)s,
    (SELECT array_agg(patient_id ORDER BY patient_id) FROM mine),
    ARRAY(
        SELECT a.alarm_id FROM alarms AS a
        WHERE a.tenant_id = %(tenant_id)s AND NOT a.has_ended AND NOT a.has_suppressed
            AND a.patient_id IN (SELECT patient_id FROM mine)
        ORDER BY a.alarm_id
    )
WHERE EXISTS (SELECT FROM mine)
RETURNING hand_over_id;

-- lock --
SELECT from_user, to_user, accepted_at IS NOT NULL, withdrawn_at IS NOT NULL
FROM hand_overs WHERE hand_over_id = %(hand_over_id)s AND tenant_id = %(tenant_id)s FOR UPDATE;

-- accept --
UPDATE hand_overs SET accepted_at = clock_timestamp() WHERE hand_over_id = %(hand_over_id)s;

-- lock_patients --
-- In order, so that two who accept wait for each other and never both.
SELECT p.patient_id FROM patients AS p
WHERE p.patient_id = ANY((SELECT h.patients FROM hand_overs AS h WHERE h.hand_over_id = %(hand_over_id)s)::bigint[])
ORDER BY p.patient_id FOR NO KEY UPDATE;

-- take_patients --
-- Those that are still the giver's: who was given to somebody else meanwhile stays there.
INSERT INTO nurse_assignments (tenant_id, patient_id, user_id, assigned_by, hand_over_id)
SELECT h.tenant_id, p.patient_id, h.to_user, h.to_user, h.hand_over_id
FROM hand_overs AS h CROSS JOIN LATERAL unnest(h.patients) AS p (patient_id)
WHERE h.hand_over_id = %(hand_over_id)s AND nurse_of(p.patient_id) = h.from_user
RETURNING patient_id;

-- take_alarms --
-- Their open alarms say whose they are now.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)
SELECT a.alarm_id, a.tenant_id, 'handed_over', %(user_id)s, %(detail)s
FROM alarms AS a
WHERE a.patient_id = ANY(%(patients)s) AND a.tenant_id = %(tenant_id)s AND NOT a.has_ended AND NOT a.has_suppressed
ORDER BY a.alarm_id;

-- withdraw --
UPDATE hand_overs SET withdrawn_at = clock_timestamp(), withdrawn_by = %(user_id)s
WHERE hand_over_id = %(hand_over_id)s;
