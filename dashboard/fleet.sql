-- devices --
-- All devices that the viewer may see, with what they last said and when anything of them came.
SELECT
    d.device_id, d.description, d.paired_at, d.revoked_at, u.name, d.revoked_why, s.online, s.wearable,
    greatest(l.last_contact_at, s.received_at),
    (SELECT max(e.last_received_at) FROM streams AS e WHERE e.device_id = d.device_id AND e.stream IN ('ecg', 'hr')),
    d.patient_id, p.name, p.ward, s.battery_percent, l.clock_offset_us,
    count(*) OVER ()
FROM devices AS d
JOIN patients AS p USING (patient_id)
LEFT JOIN users AS u ON u.user_id = d.revoked_by
LEFT JOIN device_status AS s USING (device_id)
LEFT JOIN device_links AS l USING (device_id)
WHERE d.tenant_id = %(tenant_id)s
    AND (d.revoked_at IS NOT NULL) = %(revoked)s
    AND (
        strpos(lower(p.name), lower(%(find)s)) > 0
        OR strpos(lower(concat_ws(' ', d.device_id, d.description, s.wearable)), lower(%(find)s)) > 0
    )
ORDER BY
    CASE WHEN %(order)s = 'heard' THEN greatest(l.last_contact_at, s.received_at) END NULLS FIRST,
    CASE WHEN %(order)s = 'battery' THEN s.battery_percent END NULLS LAST,
    CASE WHEN %(order)s = 'clock' THEN abs(l.clock_offset_us) END DESC NULLS LAST,
    p.name, d.paired_at DESC, d.device_id
LIMIT %(most)s;
