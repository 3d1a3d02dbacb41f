-- hold_still --
-- Whoever places a hold waits for what is being dropped, and the next drop sees it.
LOCK TABLE legal_holds IN SHARE MODE;

-- policies --
SELECT coalesce(t.name, ''), p.kind, p.keep_days, p.keep_rows, p.effective_at, p.set_by, p.tenant_id
FROM retention_policies AS p LEFT JOIN tenants AS t USING (tenant_id)
ORDER BY t.name NULLS LAST, p.kind;

-- set_policy --
INSERT INTO retention_policies (tenant_id, kind, keep_days, keep_rows, effective_at, set_by)
SELECT
    CASE WHEN %(kind)s <> 'dead_letters' THEN t.tenant_id END, %(kind)s, %(keep_days)s, %(keep_rows)s,
    clock_timestamp() + %(grace_hours)s * interval '1 hour', %(by)s
FROM tenants AS t WHERE t.name = %(tenant)s
ON CONFLICT (tenant_id, kind) DO UPDATE SET
    keep_days = excluded.keep_days, keep_rows = excluded.keep_rows, effective_at = excluded.effective_at,
    set_at = clock_timestamp(), set_by = excluded.set_by
RETURNING effective_at;

-- keep_for_ever --
DELETE FROM retention_policies AS p
USING tenants AS t
WHERE t.name = %(tenant)s AND p.kind = %(kind)s AND p.tenant_id IS NOT DISTINCT FROM
    CASE WHEN %(kind)s <> 'dead_letters' THEN t.tenant_id END;

-- place_hold --
INSERT INTO legal_holds (patient_id, tenant_id, why, placed_by)
SELECT patient_id, tenant_id, %(why)s, %(by)s FROM patients WHERE patient_id = %(patient_id)s
ON CONFLICT (patient_id) WHERE released_at IS NULL DO NOTHING
RETURNING hold_id;

-- release_hold --
UPDATE legal_holds SET released_by = %(by)s, released_at = clock_timestamp()
WHERE patient_id = %(patient_id)s AND released_at IS NULL
RETURNING hold_id;

-- holds --
SELECT patient_id, why, placed_by, placed_at FROM legal_holds WHERE released_at IS NULL ORDER BY placed_at;

-- oldest --
-- The oldest of a table by patient, of those of a tenant who are not held. One look into the index each.
SELECT p.patient_id, o.at
FROM patients AS p
CROSS JOIN LATERAL (
    SELECT x.{column} AS at FROM {table} AS x WHERE x.patient_id = p.patient_id ORDER BY x.{column} LIMIT 1
) AS o
WHERE p.tenant_id = %(tenant_id)s AND NOT is_held(p.patient_id)
ORDER BY o.at, p.patient_id;

-- drop_rows --
-- One patient's rows of a stretch. (Neither a condition that is about no column nor a data-changing WITH can be planned by
-- TimescaleDB 2.19 on a hypertable.)
DELETE FROM {table} AS x
USING patients AS p
WHERE x.patient_id = %(patient_id)s AND x.{column} >= %(oldest)s AND x.{column} < %(before)s
    AND p.patient_id = x.patient_id AND NOT is_held(p.patient_id)
RETURNING x.{column};

-- log_rows --
-- The line in the log that says so.
INSERT INTO retention_log (tenant_id, patient_id, kind, before, oldest, n_rows, detail, dropped_by)
VALUES (
    %(tenant_id)s, %(patient_id)s, %(kind)s, %(before)s, %(first)s, %(n_rows)s,
    jsonb_build_object('table', %(name)s::text), %(by)s
);

-- droppable_alarms --
-- Alarms of before then that nobody waits for any more: ended or suppressed, acknowledged where that is asked for, and
-- nothing happened to them since. What a patient said and nobody has read keeps its alarm, whatever became of that.
SELECT s.patient_id, min(s.signal_at), array_agg(s.alarm_id)
FROM alarm_states AS s
WHERE s.tenant_id = %(tenant_id)s AND s.signal_at < %(before)s AND NOT is_held(s.patient_id)
    AND NOT is_unread(s.alarm_id)
    AND (s.has_suppressed OR s.has_ended AND (s.priority <> 'high' OR s.acknowledged_at IS NOT NULL))
    AND NOT EXISTS (SELECT FROM alarm_events AS e WHERE e.alarm_id = s.alarm_id AND e.at >= %(before)s)
GROUP BY s.patient_id
ORDER BY s.patient_id;

-- log_alarms --
INSERT INTO retention_log (tenant_id, patient_id, kind, before, oldest, n_rows, detail, dropped_by)
VALUES (
    %(tenant_id)s, %(patient_id)s, 'alarms', %(before)s, %(oldest)s, cardinality(%(alarms)s::bigint[]),
    jsonb_build_object('alarms', %(alarms)s::bigint[]), %(by)s
);

-- drop_alarm_events --
DELETE FROM alarm_events WHERE alarm_id = ANY(%(alarms)s);

-- drop_attempts --
-- With what was sent of them; the rest of that goes with the alarm's row.
DELETE FROM notification_attempts WHERE alarm_id = ANY(%(alarms)s);

-- drop_alarms --
DELETE FROM alarms WHERE alarm_id = ANY(%(alarms)s);

-- drop_episodes --
DELETE FROM episodes WHERE patient_id = %(patient_id)s AND ended_at < %(before)s;

-- dead_letters_due --
-- How many are too old or too many, and the oldest.
SELECT count(*), min(received_at)
FROM dead_letters
WHERE received_at < %(before)s OR dead_letter_id <= (
    SELECT dead_letter_id FROM dead_letters ORDER BY dead_letter_id DESC OFFSET %(keep_rows)s LIMIT 1
);

-- drop_dead_letters --
WITH dropped AS (
    DELETE FROM dead_letters
    WHERE received_at < %(before)s OR dead_letter_id <= (
        SELECT dead_letter_id FROM dead_letters ORDER BY dead_letter_id DESC OFFSET %(keep_rows)s LIMIT 1
    )
    RETURNING received_at, reason
)
INSERT INTO retention_log (kind, before, oldest, n_rows, detail, dropped_by)
SELECT
    'dead_letters', %(before)s, min(d.oldest), sum(d.n_rows),
    jsonb_object_agg(d.reason, d.n_rows), %(by)s
FROM (SELECT reason, count(*) AS n_rows, min(received_at) AS oldest FROM dropped GROUP BY reason) AS d
HAVING count(*) > 0
RETURNING n_rows;
