-- beat --
-- This process lives, and this is how it is.
INSERT INTO service_heartbeats (service, instance, at, detail)
VALUES (%(service)s, %(instance)s, clock_timestamp(), %(detail)s)
ON CONFLICT (service, instance) DO UPDATE SET at = excluded.at, detail = excluded.detail;

-- forget_old --
-- Instances that stopped long ago and have other names now.
DELETE FROM service_heartbeats WHERE service = %(service)s AND at < clock_timestamp() - interval '1 day';
