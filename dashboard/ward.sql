-- patients --
-- The ward: each patient with what is known now. What the engine knew is worth something while it is told again and
-- again; after ten seconds of silence its rate and quality are not shown as if they were the present.
SELECT
    p.patient_id,
    p.name,
    p.ward,
    CASE WHEN state.is_fresh THEN state.hr_bpm END,
    CASE WHEN state.is_fresh THEN state.quality ELSE 'unknown' END,
    sample.last_sample_at,
    sample.last_received_at,
    state.analysed_until,
    device.battery_percent,
    device.online,
    n.user_id,
    n.name,
    p.ward_id
FROM patients AS p
LEFT JOIN LATERAL (
    SELECT s.hr_bpm, s.quality, s.analysed_until, s.updated_at > now() - interval '10 s' AS is_fresh
    FROM signal_states AS s
    WHERE s.patient_id = p.patient_id
    ORDER BY s.updated_at DESC
    LIMIT 1
) AS state ON true
LEFT JOIN LATERAL (
    SELECT max(s.last_sample_at) AS last_sample_at, max(s.last_received_at) AS last_received_at
    FROM streams AS s
    WHERE s.patient_id = p.patient_id AND s.stream = 'ecg'
) AS sample ON true
LEFT JOIN LATERAL (
    SELECT t.battery_percent, t.online
    FROM devices AS d JOIN device_status AS t USING (device_id)
    WHERE d.patient_id = p.patient_id AND d.revoked_at IS NULL
    ORDER BY t.received_at DESC
    LIMIT 1
) AS device ON true
-- Not by the function `nurse_of`: a call a row, each with the checks of row-level security, is twice as dear (docs/adr/0022).
LEFT JOIN LATERAL (
    SELECT u.user_id, u.name
    FROM (
        SELECT a.user_id FROM nurse_assignments AS a
        WHERE a.patient_id = p.patient_id
        ORDER BY a.assignment_id DESC
        LIMIT 1
    ) AS a
    JOIN users AS u USING (user_id)
) AS n ON true
WHERE p.tenant_id = %(tenant_id)s
ORDER BY p.ward, p.name, p.patient_id;

-- zones --
-- In which zone each ward's times are told; without a name the hospital's.
SELECT name, zone FROM wards WHERE tenant_id = %(tenant_id)s
UNION ALL
SELECT '', zone_of_hospital(%(tenant_id)s);

-- services --
-- The newest sign of life of each service.
SELECT service, max(at)
FROM service_heartbeats
GROUP BY service;

-- watched_devices --
-- The devices of patients, of one tenant.
SELECT device_id, patient_id FROM devices WHERE patient_id = ANY(%(patients)s) AND tenant_id = %(tenant_id)s;

-- new_beats --
-- Beats of patients since a moment, for the live wave.
SELECT patient_id, t, label::text
FROM beats
WHERE patient_id = ANY(%(patients)s) AND t > %(since)s AND NOT is_rerun
ORDER BY patient_id, t;
