-- patient --
SELECT patient_id FROM patients WHERE patient_id = %(patient_id)s AND tenant_id = %(tenant_id)s;

-- pepper --
SELECT pepper FROM installation;

-- end_codes --
-- A new code makes the patient's earlier ones worthless.
UPDATE pairing_codes SET expires_at = now()
WHERE patient_id = %(patient_id)s AND used_at IS NULL AND expires_at > now();

-- add_code --
INSERT INTO pairing_codes (tenant_id, patient_id, code_hash, created_by, expires_at)
VALUES (%(tenant_id)s, %(patient_id)s, %(code_hash)s, %(user_id)s, now() + make_interval(secs => %(valid_s)s))
RETURNING pairing_code_id, expires_at;

-- code_state --
-- And when its device last sent any signal.
SELECT
    c.pairing_code_id, c.patient_id, c.expires_at, c.used_at, c.device_id, d.description,
    c.expires_at <= now(),
    (SELECT max(s.last_received_at) FROM streams AS s WHERE s.device_id = c.device_id AND s.stream IN ('ecg', 'hr'))
FROM pairing_codes AS c LEFT JOIN devices AS d USING (device_id)
WHERE c.pairing_code_id = %(pairing_code_id)s AND c.tenant_id = %(tenant_id)s;

-- what_code --
-- A code that was made here, whether it was used, and whether its time is over.
SELECT c.used_at IS NOT NULL, c.expires_at <= now() FROM pairing_codes AS c WHERE c.code_hash = %(code_hash)s;

-- code_owner --
-- For whom a code was made.
SELECT p.name, p.ward, p.language, c.expires_at
FROM pairing_codes AS c JOIN patients AS p USING (patient_id)
WHERE c.code_hash = %(code_hash)s;

-- forget_codes --
-- Those that nobody can use any more and that led to nothing.
DELETE FROM pairing_codes WHERE used_at IS NULL AND expires_at < now() - interval '1 day';

-- attempt --
-- Note an attempt before it is judged, so that many at once are counted too.
INSERT INTO pairing_failures (address) VALUES (%(address)s) RETURNING at;

-- take_back --
-- An attempt that was refused unheard does not make the wait longer; one with a right code was no failure.
DELETE FROM pairing_failures WHERE address = %(address)s AND at = %(at)s;

-- forget_failures --
DELETE FROM pairing_failures WHERE at < now() - interval '1 day';

-- blocked_until --
-- When enough wrong codes have left the window for another attempt, from this address and from everywhere; null when
-- there are not too many. The attempt itself is among them.
SELECT extract(epoch FROM greatest(
    (
        SELECT at FROM pairing_failures
        WHERE address = %(address)s AND at > now() - make_interval(secs => %(window_s)s)
        ORDER BY at DESC OFFSET %(tries_address)s LIMIT 1
    ),
    (
        SELECT at FROM pairing_failures
        WHERE at > now() - make_interval(secs => %(window_s)s)
        ORDER BY at DESC OFFSET %(tries_all)s LIMIT 1
    )
) + make_interval(secs => %(window_s)s) - now())::float8;

-- open_code --
-- The code that was said, if it holds; kept from everybody else until this transaction ends.
SELECT c.pairing_code_id, c.patient_id, c.tenant_id, c.created_by
FROM pairing_codes AS c
WHERE c.code_hash = %(code_hash)s AND c.used_at IS NULL AND c.expires_at > now()
FOR UPDATE;

-- add_device --
INSERT INTO devices (device_id, tenant_id, patient_id, shard, description)
VALUES (%(device)s, %(tenant_id)s, %(patient_id)s, %(shard)s, %(description)s);

-- use_code --
UPDATE pairing_codes SET used_at = now(), device_id = %(device)s WHERE pairing_code_id = %(pairing_code_id)s;

-- set_credential --
-- Written, never read back: who gives a device a new one has no right to see the old one.
INSERT INTO device_credentials (device_id, tenant_id, salt, iterations, hash)
VALUES (%(device)s, %(tenant_id)s, %(salt)s, %(iterations)s, %(hash)s)
ON CONFLICT (device_id) DO UPDATE SET
    salt = %(salt)s, iterations = %(iterations)s, hash = %(hash)s, issued_at = now();

-- device --
-- A device of this tenant, kept as it is until this transaction ends.
SELECT device_id, patient_id, revoked_at FROM devices
WHERE device_id = %(device)s AND tenant_id = %(tenant_id)s FOR UPDATE;

-- revoke --
UPDATE devices SET revoked_at = now(), revoked_by = %(user_id)s, revoked_why = %(why)s
WHERE device_id = %(device)s AND revoked_at IS NULL;

-- to_expel --
-- Revoked devices that the broker may still let in: it was away.
SELECT c.device_id FROM device_credentials AS c JOIN devices AS d USING (device_id) WHERE d.revoked_at IS NOT NULL;

-- expelled --
DELETE FROM device_credentials AS c USING devices AS d
WHERE d.device_id = c.device_id AND d.revoked_at IS NOT NULL AND c.device_id = ANY(%(devices)s);

-- devices --
-- A patient's devices, those that were shut out too; when each was last heard, and when any signal of it came.
SELECT
    d.device_id, d.description, d.paired_at, d.revoked_at, u.name, d.revoked_why, s.online, s.wearable,
    greatest(l.last_contact_at, s.received_at),
    (SELECT max(e.last_received_at) FROM streams AS e WHERE e.device_id = d.device_id AND e.stream IN ('ecg', 'hr'))
FROM devices AS d
LEFT JOIN users AS u ON u.user_id = d.revoked_by
LEFT JOIN device_status AS s USING (device_id)
LEFT JOIN device_links AS l USING (device_id)
WHERE d.patient_id = %(patient_id)s AND d.tenant_id = %(tenant_id)s
ORDER BY d.paired_at DESC, d.device_id;

-- audit --
-- Who did what to which device.
INSERT INTO audit_events (tenant_id, user_id, action, patient_id, device_id)
VALUES (%(tenant_id)s, %(user_id)s, %(action)s, %(patient_id)s, %(device)s);
