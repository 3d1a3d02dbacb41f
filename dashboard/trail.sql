-- trail --
-- What people did and saw, the newest first.
SELECT e.audit_id, e.at, e.user_id, u.name, u.role, e.action, e.patient_id, p.name, e.device_id, e.detail
FROM audit_events AS e
LEFT JOIN users AS u USING (user_id)
LEFT JOIN patients AS p ON p.patient_id = e.patient_id
WHERE e.tenant_id = %(tenant_id)s
    AND (%(before)s::bigint IS NULL OR e.audit_id < %(before)s)
    AND (%(user_id)s::bigint IS NULL OR e.user_id = %(user_id)s)
    AND (%(patient_id)s::bigint IS NULL OR e.patient_id = %(patient_id)s)
    AND (%(action)s::text IS NULL OR e.action = %(action)s)
    AND (%(from)s::timestamptz IS NULL OR e.at >= %(from)s)
    AND (%(to)s::timestamptz IS NULL OR e.at < %(to)s)
ORDER BY e.audit_id DESC
LIMIT %(limit)s + 1;

-- sessions --
-- Who is signed in, of one user or of all; the last used first.
SELECT
    s.session_id, u.user_id, u.name, u.login, u.role, s.created_at, s.last_seen_at, s.expires_at, s.address, s.agent,
    s.method
FROM sessions AS s JOIN users AS u USING (user_id)
WHERE s.tenant_id = %(tenant_id)s
    AND (%(user_id)s::bigint IS NULL OR s.user_id = %(user_id)s)
    AND s.expires_at > now()
    AND s.last_seen_at > now() - make_interval(secs => %(idle_s)s)
ORDER BY s.last_seen_at DESC, s.session_id
LIMIT 1000;

-- revoke --
-- End a session: of one user, or anybody's.
DELETE FROM sessions
WHERE session_id = %(session_id)s AND tenant_id = %(tenant_id)s
    AND (%(user_id)s::bigint IS NULL OR user_id = %(user_id)s)
RETURNING user_id;
