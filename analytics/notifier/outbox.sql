-- waiting --
-- Contacts to which something is to be said.
SELECT DISTINCT contact_id FROM notifications WHERE state = 'waiting' ORDER BY contact_id LIMIT 1000;

-- claim --
-- One process at a time speaks to a contact; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire contact'), %(contact_id)s);

-- release --
SELECT pg_advisory_unlock(hashtext('heartwire contact'), %(contact_id)s);

-- contact --
-- How somebody is reached; no row when the contact is gone, or the user.
SELECT c.contact_id, c.tenant_id, c.user_id, c.kind, c.address, u.language
FROM contacts AS c JOIN users AS u USING (user_id)
WHERE c.contact_id = %(contact_id)s AND c.removed_at IS NULL AND u.disabled_at IS NULL;

-- to_say --
-- What waits for a contact, with whether each alarm still asks for a person, and whether it is held back meanwhile. A
-- contact is not told of itself.
SELECT
    n.notification_id, n.alarm_id, n.step, n.attempts, a.call, a.priority, coalesce(p.ward, '') AS ward,
    coalesce(p.name, '') AS name, a.onset_at,
    coalesce(w.zone, zone_of_hospital(n.tenant_id)) AS zone,
    a.acknowledged_at IS NULL AND a.suppressed_at IS NULL
        AND (a.ended_at IS NULL OR a.paused_at IS NULL AND a.call = ANY(%(latching)s))
        AND NOT (a.call = %(channel_failing)s AND (a.detail ->> 'contact_id')::integer = n.contact_id) AS asks,
    a.is_silenced OR a.is_paused AS is_held
FROM (
    SELECT * FROM notifications
    WHERE contact_id = %(contact_id)s AND state = 'waiting'
    ORDER BY notification_id
    LIMIT 1000
) AS n
LEFT JOIN (
    -- An array, not a join: the view has too many tables for the planner to begin with it by itself.
    SELECT * FROM alarm_pictures
    WHERE alarm_id = ANY(ARRAY(
        SELECT w.alarm_id FROM notifications AS w WHERE w.contact_id = %(contact_id)s AND w.state = 'waiting'
    ))
) AS a ON a.alarm_id = n.alarm_id
LEFT JOIN patients AS p ON p.patient_id = n.patient_id
LEFT JOIN wards AS w ON w.ward_id = p.ward_id
ORDER BY n.notification_id;

-- give_up --
UPDATE notifications SET state = 'moot' WHERE notification_id = ANY(%(notifications)s) AND state = 'waiting';

-- give_up_contact --
-- Nobody is reached by this contact any more.
UPDATE notifications SET state = 'moot' WHERE contact_id = %(contact_id)s AND state = 'waiting';

-- make_notice --
-- A message, before it is sent: its link must open when it arrives.
INSERT INTO notices (tenant_id, contact_id, user_id, token_hash, expires_at)
VALUES (
    %(tenant_id)s, %(contact_id)s, %(user_id)s, %(token_hash)s, clock_timestamp() + %(hours)s * interval '1 hour'
)
RETURNING notice_id;

-- name_notice --
UPDATE notifications SET notice_id = %(notice_id)s WHERE notification_id = ANY(%(notifications)s);

-- note_attempts --
-- What became of each, for good.
INSERT INTO notification_attempts (
    tenant_id, notification_id, notice_id, alarm_id, patient_id, contact_id, user_id, took_ms, outcome, problem
)
SELECT tenant_id, notification_id, notice_id, alarm_id, patient_id, contact_id, user_id, %(took_ms)s, %(outcome)s, %(problem)s
FROM notifications
WHERE notification_id = ANY(%(notifications)s)
ORDER BY notification_id;

-- note_state --
UPDATE notifications SET
    attempts = attempts + 1,
    state = CASE
        WHEN %(outcome)s = 'delivered' THEN 'delivered'
        WHEN %(outcome)s = 'refused' OR attempts + 1 >= %(attempts_most)s OR alarm_id IS NULL THEN 'failed'
        ELSE state
    END
WHERE notification_id = ANY(%(notifications)s) AND state = 'waiting';

-- note_told --
-- The alarm itself says to whom it was told.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)
SELECT n.alarm_id, n.tenant_id, 'notified', n.user_id, jsonb_build_object(
    'contact_id', n.contact_id, 'by', c.kind, 'channel', c.label, 'scheme', c.scheme, 'step', n.step,
    'notice_id', n.notice_id
)
FROM notifications AS n JOIN contacts AS c USING (contact_id)
WHERE n.notification_id = ANY(%(notifications)s) AND n.alarm_id IS NOT NULL
ORDER BY n.alarm_id;

-- reached --
UPDATE contacts SET failures = 0, failing_since = NULL, problem = ''
WHERE contact_id = %(contact_id)s AND failures > 0;

-- not_reached --
UPDATE contacts SET
    failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()), problem = %(problem)s
WHERE contact_id = %(contact_id)s;

-- remove_contact --
-- A browser that forgot its subscription gives a new one when it is used again.
UPDATE contacts SET removed_at = clock_timestamp() WHERE contact_id = %(contact_id)s AND kind = 'web_push';

-- hurry --
-- Steps of which nobody could be reached: each message of the step was tried, and none arrived. The next is due now.
UPDATE escalations AS e SET hurries = true
FROM notifications AS m
WHERE m.notification_id = ANY(%(notifications)s) AND e.alarm_id = m.alarm_id AND e.step = m.step AND NOT e.hurries
    AND NOT EXISTS (
        SELECT FROM notifications AS n
        WHERE n.alarm_id = m.alarm_id AND n.step = m.step
            AND (n.state = 'delivered' OR n.state = 'waiting' AND n.attempts = 0)
    );
