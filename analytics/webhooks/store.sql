-- webhooks --
-- All that are told now.
SELECT webhook_id FROM webhooks WHERE removed_at IS NULL;

-- claim --
-- One process at a time tells one webhook; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire webhook'), %(webhook_id)s::integer);

-- webhook --
-- As it is now; the wait before the next attempt as the database's clock has it.
SELECT
    tenant_id, url, secret, kinds, priorities, sent_seq, failures,
    -- A clock that was set back makes no pause longer than it was.
    CASE
        WHEN try_again_at - clock_timestamp() BETWEEN interval '0' AND interval '300 s'
        THEN extract(epoch FROM try_again_at - clock_timestamp())
        ELSE 0
    END::float8
FROM webhooks
WHERE webhook_id = %(webhook_id)s AND removed_at IS NULL;

-- arrived --
-- Everything up to here is there.
UPDATE webhooks SET
    sent_seq = %(seq)s, sent_at = CASE WHEN %(was_sent)s THEN clock_timestamp() ELSE sent_at END,
    failing_since = NULL, failures = 0, problem = '', try_again_at = NULL
WHERE webhook_id = %(webhook_id)s AND sent_seq < %(seq)s;

-- failed --
UPDATE webhooks SET
    failing_since = coalesce(failing_since, clock_timestamp()), failures = failures + 1, problem = %(problem)s,
    try_again_at = clock_timestamp() + make_interval(secs => %(pause_s)s)
WHERE webhook_id = %(webhook_id)s;
