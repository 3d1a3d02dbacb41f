-- begin --
-- A run, at the moment at which the canary's heart went wrong.
INSERT INTO canary_runs (onset_at, cycle_s)
VALUES (timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond', %(cycle_s)s)
RETURNING run_id;

-- stored --
-- When the first frame of the tachycardia was committed.
SELECT (extract(epoch FROM min(received_at)) * 1000000)::bigint
FROM ecg_frames
WHERE device_id = %(device)s
    AND patient_id = (SELECT patient_id FROM devices WHERE device_id = %(device)s)
    AND t0 >= timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond'
    AND t0 < timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond' + interval '10 s';

-- alarm --
-- The alarm about it, and what has happened to it.
SELECT
    a.alarm_id,
    (extract(epoch FROM min(e.at) FILTER (WHERE e.kind = 'raised')) * 1000000)::bigint,
    (extract(epoch FROM min(e.at) FILTER (WHERE e.kind = 'notified')) * 1000000)::bigint,
    (extract(epoch FROM min(e.at) FILTER (WHERE e.kind = 'acknowledged')) * 1000000)::bigint,
    (
        SELECT (extract(epoch FROM max(l.at)) * 1000000)::bigint
        FROM ledger AS l
        WHERE l.source = 'alarm_events' AND l.source_id = min(e.event_id) FILTER (WHERE e.kind = 'acknowledged')
    )
FROM alarms AS a JOIN alarm_events AS e USING (alarm_id)
WHERE a.patient_id = (SELECT patient_id FROM devices WHERE device_id = %(device)s)
    AND a.device_id = %(device)s AND a.call = %(call)s
    AND a.onset_at BETWEEN timestamptz 'epoch' + (%(onset_us)s::bigint - 3000000) * interval '1 microsecond'
        AND timestamptz 'epoch' + (%(onset_us)s::bigint + 3000000) * interval '1 microsecond'
GROUP BY a.alarm_id
ORDER BY a.alarm_id
LIMIT 1;

-- acknowledge --
-- The canary takes its own alarm on.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)
SELECT a.alarm_id, a.tenant_id, 'acknowledged', u.user_id, '{"from": "canary"}'
FROM alarms AS a JOIN users AS u ON u.login = %(login)s AND u.tenant_id = a.tenant_id
WHERE a.alarm_id = %(alarm_id)s;

-- keep --
-- How far a run is.
UPDATE canary_runs SET
    sent_at = timestamptz 'epoch' + %(sent)s::bigint * interval '1 microsecond',
    stored_at = timestamptz 'epoch' + %(stored)s::bigint * interval '1 microsecond',
    raised_at = timestamptz 'epoch' + %(raised)s::bigint * interval '1 microsecond',
    notified_at = timestamptz 'epoch' + %(notified)s::bigint * interval '1 microsecond',
    acknowledged_at = timestamptz 'epoch' + %(acknowledged)s::bigint * interval '1 microsecond',
    sealed_at = timestamptz 'epoch' + %(sealed)s::bigint * interval '1 microsecond',
    ended_at = CASE WHEN %(ended)s THEN clock_timestamp() END,
    failed_stage = %(failed)s
WHERE run_id = %(run_id)s;

-- forget_old --
-- What is proven again in minutes is of no use for long.
DELETE FROM canary_runs WHERE onset_at < now() - interval '30 days';
