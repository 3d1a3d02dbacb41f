-- need --
-- Whether somebody has a second factor, and whether his role needs one.
SELECT
    EXISTS (SELECT FROM user_factors AS f WHERE f.user_id = u.user_id AND f.confirmed_at IS NOT NULL),
    EXISTS (SELECT FROM second_factor_roles AS r WHERE r.tenant_id = u.tenant_id AND r.role = u.role)
FROM users AS u
WHERE u.user_id = %(user_id)s;

-- begin --
-- A secret to be confirmed by a first code; who has a confirmed one keeps it.
INSERT INTO user_factors (user_id, tenant_id, secret) VALUES (%(user_id)s, %(tenant_id)s, %(secret)s)
ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0, failures = 0, created_at = now()
WHERE user_factors.confirmed_at IS NULL
RETURNING user_id;

-- unconfirmed --
SELECT secret FROM user_factors WHERE user_id = %(user_id)s AND confirmed_at IS NULL;

-- confirm --
UPDATE user_factors SET confirmed_at = now(), last_step = %(step)s
WHERE user_id = %(user_id)s AND secret = %(secret)s AND confirmed_at IS NULL
RETURNING user_id;

-- try --
-- Each attempt counts before it is judged, so that many at once are counted, too.
UPDATE user_factors SET failures = failures + 1
WHERE user_id = %(user_id)s AND confirmed_at IS NOT NULL AND failures < %(failures_most)s
RETURNING secret, last_step;

-- use_step --
-- Once: of two at the same time one finds it used.
UPDATE user_factors SET last_step = %(step)s, failures = 0 WHERE user_id = %(user_id)s AND last_step < %(step)s
RETURNING user_id;

-- use_recovery --
WITH used AS (
    UPDATE recovery_codes SET used_at = now()
    WHERE user_id = %(user_id)s AND code_hash = %(code_hash)s AND used_at IS NULL
    RETURNING user_id
)
UPDATE user_factors AS f SET failures = 0 FROM used WHERE f.user_id = used.user_id RETURNING f.user_id;

-- forget_recovery --
DELETE FROM recovery_codes WHERE user_id = %(user_id)s;

-- add_recovery --
INSERT INTO recovery_codes (user_id, tenant_id, code_hash)
SELECT %(user_id)s, %(tenant_id)s, unnest(%(hashes)s::bytea[]);

-- remove --
DELETE FROM user_factors WHERE user_id = %(user_id)s RETURNING confirmed_at IS NOT NULL;

-- state --
SELECT
    (SELECT f.confirmed_at FROM user_factors AS f WHERE f.user_id = %(user_id)s),
    (SELECT count(*) FROM recovery_codes AS c WHERE c.user_id = %(user_id)s AND c.used_at IS NULL);

-- roles --
SELECT role FROM second_factor_roles WHERE tenant_id = %(tenant_id)s ORDER BY role;

-- forget_roles --
DELETE FROM second_factor_roles WHERE tenant_id = %(tenant_id)s;

-- add_roles --
INSERT INTO second_factor_roles (tenant_id, role) SELECT %(tenant_id)s, unnest(%(roles)s::text[]);
