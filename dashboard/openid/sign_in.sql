-- begin --
-- A sign-in that is on its way; those whose time is over are forgotten.
WITH over AS (DELETE FROM sign_in_states WHERE expires_at < now())
INSERT INTO sign_in_states (state_hash, browser_hash, provider, nonce, verifier, expires_at)
VALUES (
    %(state_hash)s, %(browser_hash)s, %(provider)s, %(nonce)s, %(verifier)s, now() + make_interval(secs => %(lasts_s)s)
);

-- take --
-- The sign-in that comes back: once, to the browser that began it, by the provider to which it went.
DELETE FROM sign_in_states
WHERE state_hash = %(state_hash)s AND browser_hash = %(browser_hash)s AND provider = %(provider)s AND expires_at > now()
RETURNING nonce, verifier;

-- one_at_a_time --
-- Two first sign-ins of one person make one user.
SELECT pg_advisory_xact_lock(hashtextextended(%(issuer)s || ' ' || %(subject)s, 0));

-- known --
-- Whom a provider calls so.
SELECT u.user_id, t.tenant_id, t.name, u.disabled_at IS NOT NULL
FROM identities AS i JOIN users AS u USING (user_id) JOIN tenants AS t ON t.tenant_id = u.tenant_id
WHERE i.issuer = %(issuer)s AND i.subject = %(subject)s;

-- with_login --
-- Who might be meant by a login: nobody to whom this provider gave another name already.
SELECT u.user_id, t.tenant_id, t.name, u.disabled_at IS NOT NULL
FROM users AS u JOIN tenants AS t USING (tenant_id)
WHERE u.login = %(login)s AND t.name = %(tenant)s AND u.role <> 'system'
    AND NOT EXISTS (SELECT FROM identities AS i WHERE i.user_id = u.user_id AND i.issuer = %(issuer)s);

-- link --
INSERT INTO identities (issuer, subject, tenant_id, user_id)
VALUES (%(issuer)s, %(subject)s, %(tenant_id)s, %(user_id)s);

-- make --
-- A user without a password: he signs in elsewhere only.
INSERT INTO users (tenant_id, login, name, role, language, all_wards)
SELECT tenant_id, %(login)s, %(name)s, %(role)s, %(language)s, %(all_wards)s FROM tenants WHERE name = %(tenant)s
ON CONFLICT (login) DO NOTHING
RETURNING user_id, tenant_id;

-- follow --
-- What the provider says by now; nothing where it says what is known already.
UPDATE users SET name = coalesce(%(name)s, name), role = coalesce(%(role)s, role), all_wards = coalesce(%(all_wards)s, all_wards)
WHERE user_id = %(user_id)s AND (
    (name, role, all_wards)
    IS DISTINCT FROM (coalesce(%(name)s, name), coalesce(%(role)s, role), coalesce(%(all_wards)s, all_wards))
)
RETURNING role;

-- leave_wards --
DELETE FROM ward_members AS m
USING wards AS w
WHERE m.user_id = %(user_id)s AND w.ward_id = m.ward_id AND w.name <> ALL (%(wards)s)
RETURNING m.ward_id;

-- join_wards --
INSERT INTO ward_members (user_id, ward_id, tenant_id)
SELECT %(user_id)s, ward_id, tenant_id FROM wards WHERE tenant_id = %(tenant_id)s AND name = ANY (%(wards)s)
ON CONFLICT DO NOTHING
RETURNING ward_id;

-- keep_token --
UPDATE sessions SET provider = %(provider)s, id_token = %(id_token)s WHERE token_hash = %(token_hash)s;

-- token --
SELECT provider, id_token FROM sessions WHERE token_hash = %(token_hash)s AND provider IS NOT NULL;

-- end_sessions --
-- Of somebody whom a provider lets in no more: those that began by its word.
DELETE FROM sessions WHERE user_id = %(user_id)s AND provider = %(provider)s;

-- refused --
-- Who was not let in: told to his own hospital if he is known, or else to those where he may have wanted to go.
WITH known AS (
    SELECT tenant_id, user_id FROM identities WHERE issuer = %(issuer)s AND subject = %(subject)s
)
INSERT INTO audit_events (tenant_id, user_id, action, detail)
SELECT tenant_id, user_id, %(action)s, %(detail)s FROM known
UNION ALL
SELECT tenant_id, NULL, %(action)s, %(detail)s FROM tenants WHERE name = ANY(%(hospitals)s) AND NOT EXISTS (SELECT FROM known);
