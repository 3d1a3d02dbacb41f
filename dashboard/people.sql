-- people --
-- Who may sign in at a hospital, and who might no more.
SELECT
    u.user_id, u.login, u.name, u.role, u.language, u.disabled_at IS NOT NULL, u.created_at,
    (SELECT max(s.last_seen_at) FROM sessions AS s WHERE s.user_id = u.user_id),
    EXISTS (SELECT FROM user_factors AS f WHERE f.user_id = u.user_id AND f.confirmed_at IS NOT NULL),
    wards_of(u.user_id),
    ARRAY(SELECT DISTINCT i.issuer FROM identities AS i WHERE i.user_id = u.user_id ORDER BY i.issuer)
FROM users AS u
WHERE u.tenant_id = %(tenant_id)s AND u.role = ANY(%(roles)s) AND (%(user_id)s::bigint IS NULL OR u.user_id = %(user_id)s)
ORDER BY u.disabled_at IS NOT NULL, u.name, u.user_id;

-- add --
INSERT INTO users (tenant_id, login, name, role, language, password_hash, all_wards)
VALUES (%(tenant_id)s, %(login)s, %(name)s, %(role)s, %(language)s, %(password_hash)s, %(all_wards)s)
ON CONFLICT (login) DO NOTHING
RETURNING user_id;

-- change --
UPDATE users SET name = %(name)s, role = %(role)s, language = %(language)s, all_wards = %(all_wards)s
WHERE user_id = %(user_id)s AND tenant_id = %(tenant_id)s AND role = ANY(%(roles)s)
RETURNING user_id;

-- leave_wards --
DELETE FROM ward_members WHERE user_id = %(user_id)s;

-- join_wards --
INSERT INTO ward_members (user_id, ward_id, tenant_id)
SELECT %(user_id)s, ward_id, tenant_id FROM wards WHERE tenant_id = %(tenant_id)s AND ward_id = ANY(%(wards)s)
RETURNING ward_id;

-- set_password --
UPDATE users SET password_hash = %(password_hash)s
WHERE user_id = %(user_id)s AND tenant_id = %(tenant_id)s AND role = ANY(%(roles)s)
RETURNING user_id;

-- disable --
UPDATE users SET disabled_at = CASE WHEN %(disabled)s THEN coalesce(disabled_at, now()) END
WHERE user_id = %(user_id)s AND tenant_id = %(tenant_id)s AND role = ANY(%(roles)s)
RETURNING user_id;

-- unlink --
-- All that a provider calls him.
DELETE FROM identities WHERE user_id = %(user_id)s AND tenant_id = %(tenant_id)s AND issuer = %(issuer)s
RETURNING user_id;

-- sign_out --
DELETE FROM sessions WHERE user_id = %(user_id)s;

-- wards --
SELECT
    w.ward_id, w.name, w.zone,
    (SELECT count(*) FROM patients AS p WHERE p.ward_id = w.ward_id),
    (SELECT count(*) FROM ward_members AS m WHERE m.ward_id = w.ward_id)
FROM wards AS w
WHERE w.tenant_id = %(tenant_id)s AND (%(ward_id)s::integer IS NULL OR w.ward_id = %(ward_id)s)
ORDER BY w.name;

-- add_ward --
INSERT INTO wards (tenant_id, name, zone)
VALUES (%(tenant_id)s, %(name)s, coalesce(%(zone)s, zone_of_hospital(%(tenant_id)s)))
ON CONFLICT (tenant_id, name) DO NOTHING
RETURNING ward_id;

-- is_taken --
SELECT FROM wards WHERE tenant_id = %(tenant_id)s AND name = %(name)s AND ward_id <> %(ward_id)s;

-- change_ward --
UPDATE wards SET name = %(name)s, zone = coalesce(%(zone)s, zone) WHERE ward_id = %(ward_id)s AND tenant_id = %(tenant_id)s;

-- hospital_zone --
SELECT zone_of_hospital(%(tenant_id)s);

-- change_hospital_zone --
INSERT INTO hospital_zones (tenant_id, zone) VALUES (%(tenant_id)s, %(zone)s)
ON CONFLICT (tenant_id) DO UPDATE SET zone = excluded.zone;

-- knows_zone --
SELECT FROM pg_timezone_names WHERE name = %(zone)s;

-- remove_ward --
DELETE FROM wards WHERE ward_id = %(ward_id)s AND tenant_id = %(tenant_id)s RETURNING ward_id;
