-- policies --
-- How long what is kept; dead letters are nobody's. Who set it by `heartwire storage` may be nobody who signs in.
SELECT r.kind, r.keep_days, r.keep_rows, r.effective_at, coalesce(u.name, r.set_by)
FROM retention_policies AS r
LEFT JOIN users AS u ON u.login = r.set_by AND u.tenant_id = r.tenant_id
WHERE r.tenant_id = %(tenant_id)s OR r.tenant_id IS NULL;

-- oldest --
-- The oldest of each kind of data of a tenant: one look into an index for each patient.
SELECT
    min((SELECT b.minute FROM ecg_blocks AS b WHERE b.patient_id = p.patient_id ORDER BY b.minute LIMIT 1)),
    min((SELECT b.t FROM beats AS b WHERE b.patient_id = p.patient_id ORDER BY b.t LIMIT 1)),
    min((SELECT a.onset_at FROM alarms AS a WHERE a.patient_id = p.patient_id ORDER BY a.onset_at LIMIT 1))
FROM patients AS p
WHERE p.tenant_id = %(tenant_id)s;

-- set_policy --
-- Nothing is dropped by it before the time of grace is over.
INSERT INTO retention_policies (tenant_id, kind, keep_days, effective_at, set_by)
VALUES (
    %(tenant_id)s, %(kind)s, %(keep_days)s, clock_timestamp() + %(grace_hours)s * interval '1 hour', %(by)s
)
ON CONFLICT (tenant_id, kind) DO UPDATE SET
    keep_days = excluded.keep_days, effective_at = excluded.effective_at, set_at = clock_timestamp(),
    set_by = excluded.set_by;

-- keep_for_ever --
DELETE FROM retention_policies WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s;

-- holds --
-- Who placed one by `heartwire storage hold` may be nobody who signs in.
SELECT h.patient_id, p.name, h.why, coalesce(u.name, h.placed_by), h.placed_at
FROM legal_holds AS h
JOIN patients AS p USING (patient_id)
LEFT JOIN users AS u ON u.login = h.placed_by AND u.tenant_id = h.tenant_id
WHERE h.tenant_id = %(tenant_id)s AND h.released_at IS NULL
ORDER BY h.placed_at;

-- place_hold --
INSERT INTO legal_holds (patient_id, tenant_id, why, placed_by)
SELECT patient_id, tenant_id, %(why)s, %(by)s
FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s
ON CONFLICT (patient_id) WHERE released_at IS NULL DO NOTHING;

-- release_hold --
UPDATE legal_holds SET released_by = %(by)s, released_at = clock_timestamp()
WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s AND released_at IS NULL
RETURNING hold_id;
