-- viewer --
-- Who asks by a token that holds; whether its last use should be written down again.
SELECT
    u.user_id, u.login, u.name, u.role, u.language, u.tenant_id, t.scopes, wards_of(u.user_id),
    t.last_used_at IS NULL OR t.last_used_at < now() - interval '60 s'
FROM api_tokens AS t JOIN users AS u USING (user_id)
WHERE t.token_hash = %(token_hash)s AND t.revoked_at IS NULL AND t.expires_at > now() AND u.disabled_at IS NULL;

-- touch --
UPDATE api_tokens SET last_used_at = now() WHERE token_hash = %(token_hash)s;

-- add --
-- A token is somebody without a password: nobody signs in as it.
WITH system AS (
    INSERT INTO users (tenant_id, login, name, password_hash, role)
    VALUES (%(tenant_id)s, %(login)s, %(name)s, '', 'system')
    RETURNING user_id
)
INSERT INTO api_tokens (tenant_id, user_id, token_hash, scopes, created_by, expires_at)
SELECT %(tenant_id)s, user_id, %(token_hash)s, %(scopes)s, %(created_by)s, now() + %(days)s * interval '1 day'
FROM system
RETURNING token_id;

-- tokens --
-- The newest first; those that hold before those that do not.
SELECT t.token_id, u.name, t.scopes, t.created_at, m.name, t.expires_at, t.last_used_at, t.revoked_at
FROM api_tokens AS t JOIN users AS u USING (user_id) JOIN users AS m ON m.user_id = t.created_by
WHERE t.tenant_id = %(tenant_id)s
ORDER BY t.revoked_at IS NOT NULL, t.token_id DESC;

-- revoke --
UPDATE api_tokens SET revoked_at = now(), revoked_by = %(user_id)s
WHERE token_id = %(token_id)s AND tenant_id = %(tenant_id)s AND revoked_at IS NULL
RETURNING token_id;
