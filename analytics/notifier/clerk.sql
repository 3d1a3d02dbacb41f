-- become_clerk --
-- One process counts the time and takes the steps; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire'), hashtext('escalation'));

-- uncounted --
-- How long nobody counted, by the clock of day, microseconds.
SELECT (extract(epoch FROM clock_timestamp() - counted_at) * 1000000)::bigint FROM escalation_clock;

-- counted --
UPDATE escalation_clock SET counted_at = clock_timestamp();

-- asking --
-- Every alarm that asks for a person and has been answered by nobody, of tenants that have said whom to tell: live, not
-- over (or latched, and not raised while paused), with how far its chain is. `age_us`: since it was raised, by the clock of
-- day.
SELECT
    a.alarm_id, a.tenant_id, a.patient_id, coalesce(p.ward, '') AS ward, a.priority,
    a.is_silenced OR a.is_paused AS is_held, e.step, e.waited_us, e.hurries,
    (extract(epoch FROM clock_timestamp() - a.raised_at) * 1000000)::bigint AS age_us
FROM alarm_pictures AS a
LEFT JOIN patients AS p ON p.patient_id = a.patient_id
LEFT JOIN escalations AS e ON e.alarm_id = a.alarm_id
WHERE a.alarm_id = ANY(ARRAY(
        SELECT alarm_id FROM alarms
        WHERE NOT has_ended AND NOT has_suppressed AND (NOT has_acknowledged OR has_undone)
            AND NOT late AND tenant_id = ANY(%(tenants)s)
        UNION ALL
        SELECT alarm_id FROM alarms
        WHERE has_ended AND NOT has_suppressed AND (NOT has_acknowledged OR has_undone)
            AND NOT late AND call = ANY(%(latching)s) AND tenant_id = ANY(%(tenants)s)
    ))
    AND a.raised_at IS NOT NULL AND a.acknowledged_at IS NULL AND a.call <> %(nobody_answers)s
    AND (a.ended_at IS NULL OR a.paused_at IS NULL)
ORDER BY a.alarm_id;

-- tenants --
-- Those that have said whom to tell.
SELECT tenant_id FROM on_call UNION SELECT tenant_id FROM escalation_chains;

-- chains --
SELECT tenant_id, ward, priority, delays_s FROM escalation_chains;

-- on_call --
-- Who is on call as a step, for a ward: those of the ward itself, or else of all; each with the contacts that there are.
WITH here AS (
    SELECT o.user_id, o.ward IS NOT NULL AS is_own
    FROM on_call AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.step = %(step)s AND o.removed_at IS NULL
        AND o.from_at <= statement_timestamp() AND o.to_at > statement_timestamp()
        AND (o.ward IS NULL OR o.ward = %(ward)s)
)
SELECT u.user_id, u.name, array_agg(c.contact_id ORDER BY c.contact_id)
FROM here AS h
JOIN users AS u ON u.user_id = h.user_id AND u.disabled_at IS NULL
JOIN contacts AS c ON c.user_id = u.user_id AND c.removed_at IS NULL
WHERE h.is_own OR NOT EXISTS (SELECT FROM here WHERE is_own)
GROUP BY u.user_id, u.name
ORDER BY u.user_id;

-- save --
-- How far the chains are. That somebody said meanwhile that he cannot is not forgotten.
INSERT INTO escalations AS e (alarm_id, tenant_id, patient_id, step, waited_us, hurries)
SELECT g.alarm_id, a.tenant_id, a.patient_id, g.step, g.waited_us, g.hurries
FROM unnest(%(alarms)s::bigint[], %(steps)s::smallint[], %(waited_us)s::bigint[], %(hurries)s::boolean[])
    AS g (alarm_id, step, waited_us, hurries)
JOIN alarms AS a USING (alarm_id)
ORDER BY g.alarm_id
ON CONFLICT (alarm_id) DO UPDATE SET
    step = excluded.step,
    waited_us = excluded.waited_us,
    hurries = excluded.hurries OR (e.hurries AND e.step = excluded.step)
WHERE e.step <= excluded.step;

-- escalate --
-- The steps that were taken.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
SELECT g.alarm_id, a.tenant_id, 'escalated', g.detail
FROM unnest(%(alarms)s::bigint[], %(details)s::jsonb[]) AS g (alarm_id, detail) JOIN alarms AS a USING (alarm_id)
ORDER BY g.alarm_id;

-- notify --
-- What is to be said to whom; a step that was taken before says nothing twice.
INSERT INTO notifications (tenant_id, alarm_id, patient_id, contact_id, user_id, step)
SELECT a.tenant_id, a.alarm_id, a.patient_id, c.contact_id, c.user_id, g.step
FROM unnest(%(alarms)s::bigint[], %(contacts)s::integer[], %(steps)s::smallint[]) AS g (alarm_id, contact_id, step)
JOIN alarms AS a USING (alarm_id)
JOIN contacts AS c USING (contact_id)
ORDER BY a.alarm_id, c.contact_id
ON CONFLICT DO NOTHING;

-- open_own --
-- The alarms of this call that nobody has ended.
SELECT alarm_id, tenant_id, detail FROM alarms WHERE call = %(call)s AND NOT has_ended AND NOT has_suppressed;

-- raise_own --
-- An alarm of the notifier's own, about no patient.
WITH new AS (
    INSERT INTO alarms (tenant_id, call, priority, onset_at, signal_at, engine, detail)
    VALUES (
        %(tenant_id)s, %(call)s, %(priority)s, clock_timestamp(), clock_timestamp(), %(engine)s, %(detail)s
    )
    ON CONFLICT DO NOTHING
    RETURNING alarm_id, tenant_id
)
INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM new;

-- tell_own --
UPDATE alarms SET detail = %(detail)s WHERE alarm_id = %(alarm_id)s;

-- end_own --
INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'ended' FROM alarms WHERE alarm_id = %(alarm_id)s;

-- failing --
-- Contacts by which nobody could be reached several times in a row, and other systems (then `contact_id` is 0).
SELECT c.tenant_id, c.contact_id, 0::bigint AS webhook_id, c.label, c.scheme, u.name
FROM contacts AS c JOIN users AS u USING (user_id)
WHERE c.removed_at IS NULL AND c.failures >= %(failures)s
UNION ALL
SELECT w.tenant_id, 0, w.webhook_id, w.name, 'webhook', ''
FROM webhooks AS w
WHERE w.removed_at IS NULL AND w.failures >= %(failures)s;
