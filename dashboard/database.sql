-- see --
-- Whose data this transaction may see.
SELECT
    set_config('heartwire.tenant_id', %(tenant_id)s::text, true),
    set_config('heartwire.user_id', coalesce(%(user_id)s::text, ''), true);
