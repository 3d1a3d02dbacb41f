-- begin_session --
INSERT INTO sessions (token_hash, user_id, tenant_id, csrf_token, expires_at, address, agent, method)
VALUES (
    %(token_hash)s, %(user_id)s, %(tenant_id)s, %(csrf)s, now() + make_interval(secs => %(longest_s)s), %(address)s,
    %(agent)s, %(method)s
);

-- session --
-- Who it is and what he may see, if the session still holds; and whether its last use should be written down again.
SELECT u.user_id, u.login, u.name, u.role, u.language, u.tenant_id, s.csrf_token,
    wards_of(u.user_id),
    ARRAY(
        SELECT DISTINCT g.patient_id FROM glass_breaks AS g WHERE g.user_id = u.user_id AND g.until_at > now()
        ORDER BY g.patient_id
    ),
    s.session_id,
    s.last_seen_at < now() - interval '30 s'
FROM sessions AS s JOIN users AS u USING (user_id)
WHERE s.token_hash = %(token_hash)s
    AND s.expires_at > now()
    AND s.last_seen_at > now() - make_interval(secs => %(idle_s)s)
    AND u.disabled_at IS NULL;

-- touch --
UPDATE sessions SET last_seen_at = now() WHERE token_hash = %(token_hash)s;

-- end_session --
DELETE FROM sessions WHERE token_hash = %(token_hash)s;

-- forget_sessions --
-- Those that nobody can use any more.
DELETE FROM sessions WHERE expires_at < now() OR last_seen_at < now() - make_interval(secs => %(idle_s)s);

-- audit --
-- Who did, or saw, what.
INSERT INTO audit_events (tenant_id, user_id, action, patient_id, detail)
VALUES (%(tenant_id)s, %(user_id)s, %(action)s, %(patient_id)s, %(detail)s);

-- one_look_at_a_time --
SELECT pg_advisory_xact_lock(
    hashtextextended(concat_ws(' ', 'heartwire look', %(action)s::text, %(user_id)s::bigint), %(patient_id)s)
);

-- audit_look --
-- Likewise of a look at a patient; a page that stays open asks again and again, and for much at once, and is one look.
INSERT INTO audit_events (tenant_id, user_id, action, patient_id)
SELECT %(tenant_id)s, %(user_id)s, %(action)s, %(patient_id)s
WHERE NOT EXISTS (
    SELECT FROM audit_events
    WHERE patient_id = %(patient_id)s AND user_id = %(user_id)s AND action = %(action)s
        AND at > now() - make_interval(secs => %(look_s)s)
);

-- audit_watching --
-- Likewise of many at once: whose live waves a screen shows.
INSERT INTO audit_events (tenant_id, user_id, action, patient_id)
SELECT %(tenant_id)s, %(user_id)s, %(action)s, patient_id
FROM unnest(%(patients)s::bigint[]) AS watched (patient_id)
WHERE NOT EXISTS (
    SELECT FROM audit_events AS e
    WHERE e.patient_id = watched.patient_id AND e.user_id = %(user_id)s AND e.action = %(action)s
        AND e.at > now() - make_interval(secs => %(look_s)s)
);
