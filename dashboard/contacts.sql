-- list --
-- Ways to reach people, one's own or all, with what became of the last attempt.
SELECT
    c.contact_id, c.user_id, u.name, c.kind, c.label, c.scheme, c.created_at, c.failures, c.failing_since, c.problem,
    a.at, a.outcome, a.problem, a.took_ms, a.alarm_id IS NULL,
    EXISTS (SELECT FROM notifications AS n WHERE n.contact_id = c.contact_id AND n.alarm_id IS NULL AND n.state = 'waiting')
FROM contacts AS c
JOIN users AS u USING (user_id)
LEFT JOIN LATERAL (
    SELECT at, outcome, problem, took_ms, alarm_id FROM notification_attempts
    WHERE contact_id = c.contact_id ORDER BY attempt_id DESC LIMIT 1
) AS a ON true
WHERE c.tenant_id = %(tenant_id)s AND c.removed_at IS NULL AND (%(user_id)s::bigint IS NULL OR c.user_id = %(user_id)s)
    AND (%(contact_id)s::integer IS NULL OR c.contact_id = %(contact_id)s)
ORDER BY u.name, c.contact_id;

-- person --
-- Who may be told of alarms.
SELECT FROM users
WHERE user_id = %(user_id)s AND tenant_id = %(tenant_id)s AND disabled_at IS NULL AND role = ANY(%(roles)s);

-- add --
-- A new way to reach somebody; the same twice is one.
WITH new AS (
    INSERT INTO contacts (tenant_id, user_id, kind, label, scheme, address, created_by)
    VALUES (%(tenant_id)s, %(user_id)s, %(kind)s, %(label)s, %(scheme)s, %(address)s, %(by)s)
    ON CONFLICT DO NOTHING
    RETURNING contact_id
)
SELECT contact_id FROM new
UNION ALL
SELECT contact_id FROM contacts
WHERE user_id = %(user_id)s AND kind = %(kind)s AND address = %(address)s AND removed_at IS NULL
LIMIT 1;

-- remove --
UPDATE contacts SET removed_at = clock_timestamp(), removed_by = %(by)s
WHERE contact_id = %(contact_id)s AND tenant_id = %(tenant_id)s AND removed_at IS NULL;

-- test --
-- A message that says it is a test, unless one waits already.
INSERT INTO notifications (tenant_id, contact_id, user_id, step)
SELECT c.tenant_id, c.contact_id, c.user_id, 0 FROM contacts AS c
WHERE c.contact_id = %(contact_id)s AND NOT EXISTS (
    SELECT FROM notifications AS n
    WHERE n.contact_id = c.contact_id AND n.alarm_id IS NULL AND n.state = 'waiting'
);
