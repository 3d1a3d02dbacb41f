-- is_due --
SELECT EXISTS (SELECT FROM rehearsals WHERE ended_at IS NULL AND cancelled_at IS NULL);

-- due --
-- What waits, the oldest first; some of it may be under way.
SELECT rehearsal_id FROM rehearsals WHERE ended_at IS NULL AND cancelled_at IS NULL ORDER BY rehearsal_id LIMIT 100;

-- claim --
-- One process at a rehearsal; the lock goes with its connection. No transaction stays open: live analysis would wait for it.
SELECT pg_try_advisory_lock(hashtext('heartwire-rehearsal'), hashtext(%(rehearsal_id)s::bigint::text));

-- release --
SELECT pg_advisory_unlock(hashtext('heartwire-rehearsal'), hashtext(%(rehearsal_id)s::bigint::text));

-- begin --
UPDATE rehearsals AS r SET attempts = attempts + 1
WHERE r.rehearsal_id = %(rehearsal_id)s AND r.ended_at IS NULL AND r.cancelled_at IS NULL
RETURNING r.rehearsal_id, r.patient_id, r.tenant_id, r.from_at, r.to_at, r.limits, r.attempts;

-- limits --
SELECT call, name, value FROM patient_limits WHERE patient_id = %(patient_id)s;

-- go_on --
-- How far it is; nothing when nobody wants it any more.
UPDATE rehearsals SET done_until = greatest(done_until, %(done)s)
WHERE rehearsal_id = %(rehearsal_id)s AND cancelled_at IS NULL
RETURNING rehearsal_id;

-- told --
-- What was raised in the stretch by the heart's calls, with its reviews.
SELECT a.alarm_id, a.device_id, a.call, a.onset_at, coalesce(e.ended_at, a.ended_at), a.verdict,
    coalesce(a.review_note, ''), u.name
FROM alarm_states AS a
LEFT JOIN episodes AS e
    ON e.device_id = a.device_id AND e.call = a.call AND e.onset_at = a.onset_at AND e.engine = a.engine
LEFT JOIN users AS u ON u.user_id = a.reviewed_by
WHERE a.patient_id = %(patient_id)s AND a.onset_at >= %(from)s AND a.onset_at < %(to)s
    AND a.raised_at IS NOT NULL AND a.device_id IS NOT NULL AND a.call = ANY(%(analysed)s);

-- finish --
UPDATE rehearsals SET ended_at = clock_timestamp(), done_until = to_at, result = %(result)s
WHERE rehearsal_id = %(rehearsal_id)s AND ended_at IS NULL AND cancelled_at IS NULL;

-- fail --
UPDATE rehearsals SET ended_at = clock_timestamp(), failed = %(why)s
WHERE rehearsal_id = %(rehearsal_id)s AND ended_at IS NULL;
