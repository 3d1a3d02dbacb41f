-- on_call --
-- Who is on call within a stretch of time.
SELECT o.on_call_id, o.user_id, u.name, o.step, o.ward, o.from_at, o.to_at,
    EXISTS (SELECT FROM contacts AS c WHERE c.user_id = o.user_id AND c.removed_at IS NULL)
FROM on_call AS o JOIN users AS u USING (user_id)
WHERE o.tenant_id = %(tenant_id)s AND o.removed_at IS NULL AND o.to_at > %(from)s AND o.from_at < %(to)s
    AND (%(on_call_id)s::bigint IS NULL OR o.on_call_id = %(on_call_id)s)
ORDER BY o.from_at, o.step, u.name, o.on_call_id;

-- person --
SELECT FROM users
WHERE user_id = %(user_id)s AND tenant_id = %(tenant_id)s AND disabled_at IS NULL AND role = ANY(%(roles)s);

-- ward --
SELECT FROM patients WHERE ward = %(ward)s AND tenant_id = %(tenant_id)s LIMIT 1;

-- add --
INSERT INTO on_call (tenant_id, user_id, step, ward, from_at, to_at, created_by)
VALUES (%(tenant_id)s, %(user_id)s, %(step)s, %(ward)s, %(from)s, %(to)s, %(by)s)
RETURNING on_call_id;

-- remove --
UPDATE on_call SET removed_at = clock_timestamp(), removed_by = %(by)s
WHERE on_call_id = %(on_call_id)s AND tenant_id = %(tenant_id)s AND removed_at IS NULL
RETURNING on_call_id;

-- chains --
SELECT ward, priority, delays_s FROM escalation_chains
WHERE tenant_id = %(tenant_id)s ORDER BY ward NULLS FIRST, priority;

-- set_chain --
INSERT INTO escalation_chains (tenant_id, ward, priority, delays_s, set_by)
VALUES (%(tenant_id)s, %(ward)s, %(priority)s, %(delays_s)s, %(by)s)
ON CONFLICT (tenant_id, ward, priority) DO UPDATE SET
    delays_s = excluded.delays_s, set_at = now(), set_by = excluded.set_by;

-- drop_chain --
DELETE FROM escalation_chains
WHERE tenant_id = %(tenant_id)s AND ward IS NOT DISTINCT FROM %(ward)s::text AND priority = %(priority)s;
