-- add --
-- A new user of a tenant.
INSERT INTO users (tenant_id, login, name, password_hash, role, language)
SELECT tenant_id, %(login)s, %(name)s, %(password_hash)s, %(role)s, %(language)s FROM tenants WHERE name = %(tenant)s
ON CONFLICT (login) DO NOTHING
RETURNING user_id;

-- list --
-- All users.
SELECT u.login, u.name, u.role, t.name, u.disabled_at IS NOT NULL
FROM users AS u JOIN tenants AS t USING (tenant_id)
ORDER BY u.login;

-- set_password --
-- A new password, which also lets a disabled user in again.
UPDATE users SET password_hash = %(password_hash)s, disabled_at = NULL WHERE login = %(login)s RETURNING user_id;

-- disable --
-- Nobody signs in as this user any more. What he did keeps his name.
UPDATE users SET disabled_at = coalesce(disabled_at, now()) WHERE login = %(login)s RETURNING user_id;

-- find --
SELECT FROM users WHERE login = %(login)s AND role <> 'system';

-- link --
-- By what a provider calls somebody.
INSERT INTO identities (issuer, subject, tenant_id, user_id)
SELECT %(issuer)s, %(subject)s, tenant_id, user_id FROM users WHERE login = %(login)s
ON CONFLICT (issuer, subject) DO NOTHING
RETURNING user_id;

-- end_sessions --
-- Sign a user out everywhere.
DELETE FROM sessions WHERE user_id = %(user_id)s;

-- remove_factor --
-- The second factor of who lost it, and whether there was one.
WITH found AS (
    SELECT user_id FROM users WHERE login = %(login)s
), codes AS (
    DELETE FROM recovery_codes WHERE user_id IN (SELECT user_id FROM found)
), factor AS (
    DELETE FROM user_factors WHERE user_id IN (SELECT user_id FROM found) RETURNING user_id
)
SELECT user_id, EXISTS (SELECT FROM factor) FROM found;

-- forget_failures --
-- Whoever got a new password may try again at once.
DELETE FROM sign_in_failures WHERE login = %(login)s;
