-- lock_cursors --
-- The cursors as they are now, kept from everybody else until this transaction ends. In one order, so that two
-- workers wait for each other and never both.
SELECT shard, next_xid::text::bigint FROM analytics_cursors WHERE shard = ANY(%(shards)s)
ORDER BY shard FOR NO KEY UPDATE;

-- move_cursors --
-- Every frame below `next_xid` is analysed; a cursor that is further stays.
UPDATE analytics_cursors SET
    next_xid = greatest(next_xid, %(next_xid)s::bigint::text::xid8),
    replay_xid = greatest(replay_xid, %(replay_xid)s::bigint::text::xid8)
WHERE shard = ANY(%(shards)s);

-- insert_beats --
-- A beat that is there already is the same beat, and is not counted again: only what was stored goes into its minute.
WITH fresh AS (
    INSERT INTO beats (patient_id, tenant_id, device_id, t, rr_s, amplitude_mv, label, engine)
    SELECT
        b.patient_id, b.tenant_id, b.device_id, timestamptz 'epoch' + b.t_us * interval '1 microsecond',
        nullif(b.rr_s, 'NaN'), nullif(b.amplitude_mv, 'NaN'), b.label::"char", %(engine)s
    FROM unnest(
        %(patients)b::bigint[], %(tenants)b::integer[], %(devices)b::text[], %(times)b::bigint[],
        %(rr_s)b::real[], %(amplitudes_mv)b::real[], %(labels)b::text[]
    ) AS b (patient_id, tenant_id, device_id, t_us, rr_s, amplitude_mv, label)
    ON CONFLICT DO NOTHING
    RETURNING patient_id, tenant_id, device_id, t, round(rr_s::float8 * 1e6) AS rr_us, label
)
INSERT INTO beat_minutes AS m (
    patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us, rr_max_us,
    beats_n, beats_s, beats_v, beats_f, beats_q
)
SELECT
    patient_id, date_bin('1 minute', t, 'epoch'), device_id, %(engine)s,
    coalesce(sum(rr_us), 0), tenant_id, count(rr_us), min(rr_us), max(rr_us),
    count(*) FILTER (WHERE label = 'N'), count(*) FILTER (WHERE label = 'S'), count(*) FILTER (WHERE label = 'V'),
    count(*) FILTER (WHERE label = 'F'), count(*) FILTER (WHERE label NOT IN ('N', 'S', 'V', 'F'))
FROM fresh
GROUP BY patient_id, tenant_id, device_id, date_bin('1 minute', t, 'epoch')
ON CONFLICT (patient_id, minute, device_id, engine) DO UPDATE SET
    rr_sum_us = m.rr_sum_us + excluded.rr_sum_us,
    rr_n = m.rr_n + excluded.rr_n,
    rr_min_us = least(m.rr_min_us, excluded.rr_min_us),
    rr_max_us = greatest(m.rr_max_us, excluded.rr_max_us),
    beats_n = m.beats_n + excluded.beats_n,
    beats_s = m.beats_s + excluded.beats_s,
    beats_v = m.beats_v + excluded.beats_v,
    beats_f = m.beats_f + excluded.beats_f,
    beats_q = m.beats_q + excluded.beats_q;

-- mark_hours --
-- These hours got beats. In one order, so that two workers wait for each other and never both.
INSERT INTO hrv_due (patient_id, tenant_id, device_id, hour, engine)
SELECT n.patient_id, n.tenant_id, n.device_id, to_timestamp(n.hour_s), %(engine)s
FROM unnest(%(patients)b::bigint[], %(tenants)b::integer[], %(devices)b::text[], %(hours_s)b::bigint[])
    AS n (patient_id, tenant_id, device_id, hour_s)
ORDER BY n.patient_id, n.hour_s, n.device_id
ON CONFLICT (patient_id, hour, device_id, engine) DO UPDATE SET marked_at = excluded.marked_at;

-- insert_rhythms --
INSERT INTO rhythms (patient_id, tenant_id, device_id, t, rhythm, is_late, engine)
SELECT
    r.patient_id, r.tenant_id, r.device_id, timestamptz 'epoch' + r.t_us * interval '1 microsecond', r.rhythm,
    r.is_late, %(engine)s
FROM unnest(
    %(patients)b::bigint[], %(tenants)b::integer[], %(devices)b::text[], %(times)b::bigint[], %(rhythms)b::text[],
    %(lates)b::boolean[]
) AS r (patient_id, tenant_id, device_id, t_us, rhythm, is_late)
ON CONFLICT DO NOTHING;

-- add_signal --
-- How much signal these frames bring to each minute.
INSERT INTO ecg_minutes AS m (patient_id, tenant_id, device_id, lead, minute, ecg_us)
SELECT n.patient_id, n.tenant_id, n.device_id, n.lead, to_timestamp(n.minute_s), n.ecg_us
FROM unnest(
    %(patients)b::bigint[], %(tenants)b::integer[], %(devices)b::text[], %(leads)b::text[], %(minutes_s)b::bigint[],
    %(ecg_us)b::bigint[]
) AS n (patient_id, tenant_id, device_id, lead, minute_s, ecg_us)
ON CONFLICT (patient_id, minute, device_id, lead) DO UPDATE SET ecg_us = m.ecg_us + excluded.ecg_us;

-- set_signals --
-- How each device's signal is now.
INSERT INTO signal_states (device_id, tenant_id, patient_id, hr_bpm, quality, analysed_until, updated_at, engine)
SELECT
    s.device_id, s.tenant_id, s.patient_id, nullif(s.hr_bpm, 'NaN'), s.quality,
    timestamptz 'epoch' + s.until_us * interval '1 microsecond', clock_timestamp(), %(engine)s
FROM unnest(
    %(devices)b::text[], %(tenants)b::integer[], %(patients)b::bigint[], %(hr_bpm)b::real[], %(qualities)b::text[],
    %(untils)b::bigint[]
) AS s (device_id, tenant_id, patient_id, hr_bpm, quality, until_us)
ON CONFLICT (device_id) DO UPDATE SET
    tenant_id = excluded.tenant_id,
    patient_id = excluded.patient_id,
    hr_bpm = excluded.hr_bpm,
    quality = excluded.quality,
    analysed_until = excluded.analysed_until,
    updated_at = excluded.updated_at,
    engine = excluded.engine;

-- insert_episode --
-- A stretch of which a call is true begins.
INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, detail, engine)
VALUES (
    %(tenant_id)s, %(patient_id)s, %(device_id)s, %(call)s,
    timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond', %(detail)s, %(engine)s
)
ON CONFLICT DO NOTHING;

-- end_episode --
-- At its end in the signal where the engine says that, otherwise when the rule was met.
UPDATE episodes SET ended_at = greatest(
    onset_at, timestamptz 'epoch' + coalesce(nullif(%(end_us)s::bigint, 0), %(at_us)s::bigint) * interval '1 microsecond'
)
WHERE device_id = %(device_id)s AND call = %(call)s AND engine = %(engine)s
    AND onset_at = timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond';

-- insert_alarm --
-- What a person is told, known by device, call, onset and engine; its first event says whether it was raised.
INSERT INTO alarms (
    tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, late, detail, engine, confidence
)
VALUES (
    %(tenant_id)s, %(patient_id)s, %(device_id)s, %(call)s, %(priority)s,
    timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond',
    timestamptz 'epoch' + %(at_us)s::bigint * interval '1 microsecond', %(late)s, %(detail)s, %(engine)s,
    %(confidence)s
)
ON CONFLICT DO NOTHING;

-- add_event --
-- One more line of an alarm's ledger; each kind at most once, since a call that returns is another alarm. The one that
-- raises it says when the frame arrived in which the rule was met, while that is known.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
SELECT
    a.alarm_id, a.tenant_id, %(kind)s,
    %(told)s || coalesce(
        (
            SELECT jsonb_build_object('received_us', (extract(epoch FROM f.received_at) * 1000000)::bigint)
            FROM ecg_frames AS f
            WHERE %(kind)s = 'raised' AND f.patient_id = a.patient_id AND f.device_id = a.device_id
                AND f.t0 > timestamptz 'epoch' + (%(at_us)s::bigint - 10010000) * interval '1 microsecond'
                AND f.t0 <= timestamptz 'epoch' + %(at_us)s::bigint * interval '1 microsecond'
            ORDER BY f.t0 DESC
            LIMIT 1
        ),
        '{}'
    )
FROM alarms AS a
WHERE a.device_id IS NOT DISTINCT FROM %(device_id)s AND a.call = %(call)s AND a.engine = %(engine)s
    AND a.onset_at = timestamptz 'epoch' + %(onset_us)s::bigint * interval '1 microsecond'
    AND NOT EXISTS (SELECT FROM alarm_events AS e WHERE e.alarm_id = a.alarm_id AND e.kind = %(kind)s);

-- end_open_alarms --
-- Of devices whose analysis begins afresh: nobody else will end what the earlier analysis raised.
INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
SELECT alarm_id, tenant_id, 'ended', jsonb_build_object('reason', 'analysis_begins_afresh')
FROM alarm_states
WHERE NOT has_ended AND NOT has_suppressed AND device_id = ANY(%(devices)s) AND engine <> %(watch)s
    AND raised_at IS NOT NULL AND ended_at IS NULL AND suppressed_at IS NULL;

-- end_open_episodes --
-- Likewise, at the end of what was analysed.
UPDATE episodes AS e SET ended_at = greatest(
    e.onset_at, (SELECT s.analysed_until FROM signal_states AS s WHERE s.device_id = e.device_id)
)
WHERE e.device_id = ANY(%(devices)s) AND e.ended_at IS NULL;

-- save_checkpoint --
INSERT INTO analysis_checkpoints (device_id, tenant_id, engine, next_xid, state, saved_at)
SELECT device_id, tenant_id, %(engine)s, %(next_xid)s::bigint::text::xid8, %(state)s, clock_timestamp()
FROM devices WHERE device_id = %(device)s
ON CONFLICT (device_id) DO UPDATE SET
    engine = excluded.engine, next_xid = excluded.next_xid, state = excluded.state, saved_at = excluded.saved_at;
