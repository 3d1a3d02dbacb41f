-- add --
-- It is told what happens from now on.
INSERT INTO webhooks (tenant_id, name, url, secret, kinds, priorities, created_by, sent_seq)
VALUES (%(tenant_id)s, %(name)s, %(url)s, %(secret)s, %(kinds)s, %(priorities)s, %(created_by)s, %(sent_seq)s)
RETURNING webhook_id;

-- webhooks --
-- Those that are there, with how many entries of the ledger they have not been told yet.
SELECT
    w.webhook_id, w.name, w.url, w.kinds, w.priorities, w.created_at, u.name, w.sent_at, w.failing_since, w.failures,
    w.problem, w.try_again_at, greatest(0, (SELECT max(seq) FROM ledger WHERE tenant_id = w.tenant_id) - w.sent_seq)
FROM webhooks AS w JOIN users AS u ON u.user_id = w.created_by
WHERE w.tenant_id = %(tenant_id)s AND w.removed_at IS NULL
ORDER BY w.webhook_id;

-- remove --
UPDATE webhooks SET removed_at = now(), removed_by = %(user_id)s
WHERE webhook_id = %(webhook_id)s AND tenant_id = %(tenant_id)s AND removed_at IS NULL
RETURNING webhook_id;

-- count --
SELECT count(*) FROM webhooks WHERE tenant_id = %(tenant_id)s AND removed_at IS NULL;
