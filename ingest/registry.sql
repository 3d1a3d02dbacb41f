-- find_devices --
-- Which of these devices may send.
SELECT device_id FROM devices WHERE device_id = ANY(%(devices)s) AND revoked_at IS NULL;

-- find_streams --
-- These streams, where they exist, with the ranges of seq that are committed.
SELECT
    s.device_id, s.stream, s.boot_id, s.stream_id, s.tenant_id, s.patient_id, s.shard,
    (extract(epoch FROM s.created_at) * 1000000)::bigint,
    d.revoked_at IS NOT NULL,
    ARRAY(SELECT lower(r) FROM unnest(s.received) AS r),
    ARRAY(SELECT upper(r) FROM unnest(s.received) AS r)
FROM unnest(%(devices)s::text[], %(streams)s::text[], %(boots)s::bigint[]) AS k (device_id, stream, boot_id)
JOIN streams AS s USING (device_id, stream, boot_id)
JOIN devices AS d USING (device_id);

-- create_streams --
-- A row for each stream of a registered device. In one order, so that two processes that see a new ward at once
-- wait for each other and never both.
INSERT INTO streams (tenant_id, patient_id, device_id, stream, boot_id, shard)
SELECT d.tenant_id, d.patient_id, d.device_id, k.stream, k.boot_id, d.shard
FROM unnest(%(devices)s::text[], %(streams)s::text[], %(boots)s::bigint[]) AS k (device_id, stream, boot_id)
JOIN devices AS d USING (device_id)
ORDER BY k.device_id, k.stream, k.boot_id
ON CONFLICT (device_id, stream, boot_id) DO NOTHING;
