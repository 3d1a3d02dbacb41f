-- has_password --
SELECT password_hash IS NOT NULL FROM users WHERE user_id = %(user_id)s;

-- set_password --
UPDATE users SET password_hash = %(password_hash)s WHERE user_id = %(user_id)s;

-- end_others --
-- One's other sessions; this one goes on.
DELETE FROM sessions WHERE user_id = %(user_id)s AND session_id <> %(session_id)s RETURNING session_id;
