-- find --
-- Whose message a link is of: in the name of somebody who is still there.
SELECT n.notice_id, n.expires_at, n.expires_at <= clock_timestamp(), u.user_id, u.login, u.name, u.role, u.language,
    u.tenant_id
FROM notices AS n JOIN users AS u USING (user_id)
WHERE n.token_hash = %(token_hash)s AND u.disabled_at IS NULL;

-- alarms --
-- What the message is about, in which zone its times are told, and whether it was passed on by this link.
SELECT n.alarm_id, coalesce(p.ward, ''), coalesce(w.zone, zone_of_hospital(n.tenant_id)), EXISTS (
        SELECT FROM alarm_events AS e
        WHERE e.alarm_id = n.alarm_id AND e.kind = 'passed_on' AND e.detail ->> 'notice_id' = %(notice_id)s::text
    )
FROM notifications AS n
JOIN alarms AS a ON a.alarm_id = n.alarm_id
LEFT JOIN patients AS p ON p.patient_id = a.patient_id
LEFT JOIN wards AS w ON w.ward_id = p.ward_id
WHERE n.notice_id = %(notice_id)s AND n.tenant_id = %(tenant_id)s
ORDER BY n.alarm_id;

-- lock --
SELECT FROM alarms WHERE alarm_id = ANY(%(alarms)s) ORDER BY alarm_id FOR UPDATE;

-- pass_on --
-- Of those alarms whose chain is still where this message was sent: the next is due now.
UPDATE escalations AS e SET hurries = true
FROM notifications AS n
WHERE n.notice_id = %(notice_id)s AND e.alarm_id = n.alarm_id AND n.alarm_id = ANY(%(alarms)s) AND e.step = n.step;

-- passed_on --
INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)
SELECT alarm_id, tenant_id, 'passed_on', %(user_id)s, %(detail)s FROM alarms WHERE alarm_id = ANY(%(alarms)s)
ORDER BY alarm_id;
