-- see --
-- Whose data this transaction may see, and with whose rights it asks: row-level security holds for them
-- (heartwire/storage/migrations/0015_isolation.sql).
SELECT
    set_config('heartwire.tenant_id', %(tenant_id)s::text, true),
    set_config('heartwire.user_id', coalesce(%(user_id)s::text, ''), true),
    set_config('heartwire.wards', coalesce(%(wards)s::integer[]::text, '*'), true),
    set_config('heartwire.patients', %(patients)s::bigint[]::text, true),
    set_config('role', 'heartwire_pages', true);
