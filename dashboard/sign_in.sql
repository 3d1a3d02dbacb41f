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
-- An attempt that was refused unheard does not make the wait longer; one that was right, as far as it went, was no
-- failure. It forgives none before it.
DELETE FROM sign_in_failures WHERE login = %(login)s AND address = %(address)s AND at = %(at)s;

-- forgive --
-- Who signed in ends the count of wrong attempts by this user from this address.
DELETE FROM sign_in_failures
WHERE (login = %(login)s AND address = %(address)s) OR at < now() - interval '1 day' - make_interval(secs => %(window_s)s);

-- user_by_login --
SELECT user_id, tenant_id, password_hash FROM users WHERE login = %(login)s AND disabled_at IS NULL;

-- rehash --
-- The library's parameters became stronger since this password was set.
UPDATE users SET password_hash = %(new_hash)s WHERE user_id = %(user_id)s AND password_hash = %(old_hash)s;

-- refused --
-- The password was right and the code was not: his administrators are to see that.
INSERT INTO audit_events (tenant_id, user_id, action, detail)
VALUES (%(tenant_id)s, %(user_id)s, %(action)s, jsonb_build_object('address', %(address)s::text));
