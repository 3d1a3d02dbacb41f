-- become_watcher --
-- One process watches at a time; the lock goes with its connection.
SELECT pg_try_advisory_lock(hashtext('heartwire'), hashtext('watch'));

-- now --
-- The clock that everything here is judged by, UTC microseconds.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

-- links --
-- When each device that may send was last heard of: by ECG where it ever sent any, otherwise by heart rate. Its newest boots tell:
-- a device that lives has frames of them, whatever it still delivers of older ones. Its samples are told by our clock.
SELECT
    d.device_id, d.patient_id, d.tenant_id, (extract(epoch FROM d.paired_at) * 1000000)::bigint,
    (extract(epoch FROM coalesce(ecg.received_at, hr.received_at)) * 1000000)::bigint,
    (extract(epoch FROM CASE WHEN ecg.received_at IS NULL THEN hr.sample_at ELSE ecg.sample_at END) * 1000000)::bigint
        + coalesce(k.clock_offset_us, 0),
    (l.value * 1000000)::bigint
FROM devices AS d
CROSS JOIN LATERAL (
    SELECT max(last_received_at) AS received_at, max(last_sample_at) AS sample_at
    FROM (
        SELECT last_received_at, last_sample_at FROM streams AS s
        WHERE s.device_id = d.device_id AND s.stream = 'ecg'
        ORDER BY s.created_at DESC LIMIT 4
    ) AS newest
) AS ecg
LEFT JOIN LATERAL (
    SELECT max(last_received_at) AS received_at, max(last_sample_at) AS sample_at
    FROM (
        SELECT last_received_at, last_sample_at FROM streams AS s
        WHERE s.device_id = d.device_id AND s.stream = 'hr' AND ecg.received_at IS NULL
        ORDER BY s.created_at DESC LIMIT 4
    ) AS newest
) AS hr ON true
LEFT JOIN device_links AS k USING (device_id)
LEFT JOIN patient_limits AS l ON l.patient_id = d.patient_id AND l.call = 'gone_quiet' AND l.name = 'seconds'
WHERE d.revoked_at IS NULL;

-- conditions --
-- What devices that may send say and show of themselves, of those of which anything can be said.
SELECT
    d.device_id, d.patient_id, d.tenant_id, l.clock_offset_us, s.battery_percent, s.outbox_frames, s.outbox_bytes_left,
    c.value, b.value, o.value
FROM devices AS d
LEFT JOIN device_links AS l USING (device_id)
LEFT JOIN device_status AS s USING (device_id)
LEFT JOIN patient_limits AS c
    ON c.patient_id = d.patient_id AND c.call = 'clock_wrong' AND c.name = 'seconds'
LEFT JOIN patient_limits AS b
    ON b.patient_id = d.patient_id AND b.call = 'battery_low' AND b.name = 'percent'
LEFT JOIN patient_limits AS o
    ON o.patient_id = d.patient_id AND o.call = 'outbox_filling' AND o.name = 'percent'
WHERE d.revoked_at IS NULL AND (l.device_id IS NOT NULL OR s.device_id IS NOT NULL);

-- ingests --
-- Who ingests, and whether each has a broker; one that does not say is taken to have one.
SELECT (extract(epoch FROM at) * 1000000)::bigint, coalesce((detail ->> 'broker_connected')::boolean, true)
FROM service_heartbeats WHERE service = 'ingest';

-- oldest_not_analysed --
-- When the first frame in the log that is stored and not analysed arrived.
SELECT (extract(epoch FROM min(f.received_at)) * 1000000)::bigint
FROM (
    SELECT f.received_at
    FROM ecg_frames AS f JOIN analytics_cursors AS c USING (shard)
    WHERE f.xid >= (SELECT min(next_xid) FROM analytics_cursors) AND f.xid >= c.next_xid
    ORDER BY f.xid
    LIMIT 1
) AS f;

-- open_alarms --
-- What the watch has raised and not ended.
SELECT
    alarm_id, call, device_id,
    (extract(epoch FROM onset_at) * 1000000)::bigint, (extract(epoch FROM signal_at) * 1000000)::bigint, tenant_id
FROM alarm_states
WHERE NOT has_ended AND NOT has_suppressed AND call = ANY(%(calls)s)
    AND raised_at IS NOT NULL AND ended_at IS NULL AND suppressed_at IS NULL;

-- raise --
-- New alarms with their first event. The system's own are told to every tenant that has patients.
WITH new AS (
    INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)
    SELECT
        t.tenant_id, r.patient_id, r.device_id, %(call)s, %(priority)s,
        timestamptz 'epoch' + r.onset_us * interval '1 microsecond',
        timestamptz 'epoch' + r.signal_us * interval '1 microsecond', %(engine)s
    FROM unnest(
        %(tenants)s::integer[], %(patients)s::bigint[], %(devices)s::text[], %(onsets)s::bigint[], %(signals)s::bigint[]
    ) AS r (tenant_id, patient_id, device_id, onset_us, signal_us)
    JOIN tenants AS t ON t.tenant_id = r.tenant_id OR (
        r.tenant_id IS NULL AND t.purpose = 'care'
        AND EXISTS (SELECT FROM patients AS p WHERE p.tenant_id = t.tenant_id)
    )
    ON CONFLICT DO NOTHING
    RETURNING *
),
told AS (
    INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
    SELECT alarm_id, tenant_id, %(kind)s, %(detail)s FROM new
)
SELECT
    alarm_id, call, device_id,
    (extract(epoch FROM onset_at) * 1000000)::bigint, (extract(epoch FROM signal_at) * 1000000)::bigint, tenant_id
FROM new;

-- count --
-- How many patients these alarms of the system are about, as long as they last.
UPDATE alarms AS a SET detail = a.detail || jsonb_build_object('patients', n.patients)
FROM unnest(%(alarms)s::bigint[], %(patients)s::bigint[]) AS n (alarm_id, patients)
WHERE a.alarm_id = n.alarm_id AND (a.detail ->> 'patients')::bigint IS DISTINCT FROM n.patients;

-- canary --
-- The canary, where there is one: since when, how often it runs, when a run last came through.
SELECT
    (extract(epoch FROM d.paired_at) * 1000000)::bigint,
    (SELECT r.cycle_s FROM canary_runs AS r ORDER BY r.run_id DESC LIMIT 1),
    (
        SELECT (extract(epoch FROM r.ended_at) * 1000000)::bigint
        FROM canary_runs AS r
        WHERE r.ended_at IS NOT NULL AND r.failed_stage IS NULL
        ORDER BY r.ended_at DESC LIMIT 1
    )
FROM devices AS d JOIN tenants AS t USING (tenant_id)
WHERE t.purpose = 'canary' AND d.revoked_at IS NULL;

-- notifier --
-- When a notifier gave its last sign of life, and which hospitals have said whom to tell from now on.
SELECT
    (SELECT (extract(epoch FROM max(at)) * 1000000)::bigint FROM service_heartbeats WHERE service = 'notifier'),
    ARRAY(
        SELECT t.tenant_id FROM tenants AS t
        WHERE t.purpose = 'care' AND (
            EXISTS (SELECT FROM escalation_chains AS c WHERE c.tenant_id = t.tenant_id)
            OR EXISTS (
                SELECT FROM on_call AS o
                WHERE o.tenant_id = t.tenant_id AND o.removed_at IS NULL AND o.to_at > statement_timestamp()
            )
        )
    );

-- close --
-- One more line of these alarms' ledgers.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
SELECT alarm_id, tenant_id, %(kind)s, %(detail)s FROM alarms WHERE alarm_id = ANY(%(alarms)s);
