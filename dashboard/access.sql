-- attempt --
-- Note an attempt to sign in before it is judged, so that many at once are counted too.
INSERT INTO sign_in_failures (login, address) VALUES (%(login)s, %(address)s) RETURNING at;

-- blocked_until --
-- When enough failures have left the window for another attempt; no row or null when there are not too many. The
-- attempt itself is among them.
SELECT extract(epoch FROM greatest(
    (
        SELECT at FROM sign_in_failures
        WHERE login = %(login)s AND at > now() - make_interval(secs => %(window_s)s)
        ORDER BY at DESC OFFSET %(tries_login)s LIMIT 1
    ),
    (
        SELECT at FROM sign_in_failures
        WHERE address = %(address)s AND at > now() - make_interval(secs => %(window_s)s)
        ORDER BY at DESC OFFSET %(tries_address)s LIMIT 1
    )
) + make_interval(secs => %(window_s)s) - now())::float8;

-- take_back --
-- An attempt that was refused unheard does not make the wait longer; one that succeeded was no failure.
DELETE FROM sign_in_failures WHERE login = %(login)s AND address = %(address)s AND at = %(at)s;

-- forgive --
-- The right password ends the count of wrong ones by this user from this address.
DELETE FROM sign_in_failures
WHERE (login = %(login)s AND address = %(address)s) OR at < now() - interval '1 day' - make_interval(secs => %(window_s)s);

-- user_by_login --
SELECT user_id, tenant_id, password_hash FROM users WHERE login = %(login)s AND disabled_at IS NULL;

-- rehash --
-- The library's parameters became stronger since this password was set.
UPDATE users SET password_hash = %(new_hash)s WHERE user_id = %(user_id)s AND password_hash = %(old_hash)s;

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

-- audit_look --
-- Likewise of a look at a patient; a page that stays open asks again and again, and is one look.
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
