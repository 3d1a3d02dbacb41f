-- alarm_id --
-- Rows that the API names, by the names of its parameters: each gives its id.
INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine, detail)
VALUES (
    %(t)s, %(p)s, %(d)s, 'asystole', 'high', now() - interval '4 s', now(), 'test',
    jsonb_build_object('mark', %(mark)s::text)
)
RETURNING alarm_id;

-- symptom_id --
INSERT INTO symptoms (tenant_id, patient_id, device_id, press, pressed_at, received_at, late, chips, note)
VALUES (%(t)s, %(p)s, %(d)s, 'press', now(), now(), false, '{}', %(mark)s)
RETURNING symptom_id;

-- message_id --
INSERT INTO care_messages (tenant_id, patient_id, kind, device_id, said_id, said_at, received_at, text)
VALUES (%(t)s, %(p)s, 'message', %(d)s, 's1', now(), now(), %(mark)s)
RETURNING message_id;

-- pairing_code_id --
INSERT INTO pairing_codes (tenant_id, patient_id, code_hash, created_by, expires_at)
VALUES (%(t)s, %(p)s, decode(md5(%(mark)s), 'hex'), %(by)s, now() + interval '1 h')
RETURNING pairing_code_id;

-- pause_id --
INSERT INTO pauses (tenant_id, kind, patient_id, until_at, user_id, reason)
VALUES (%(t)s, 'alarms_paused', %(p)s, now() + interval '30 min', %(by)s, %(mark)s)
RETURNING pause_id;

-- hand_over_id --
INSERT INTO hand_overs (tenant_id, from_user, to_user, ward, patients, alarms)
SELECT %(t)s, %(by)s, max(user_id), %(w)s, ARRAY[%(p)s], '{}' FROM users WHERE tenant_id = %(t)s
RETURNING hand_over_id;

-- token_id --
WITH system AS (
    INSERT INTO users (tenant_id, login, name, password_hash, role)
    VALUES (%(t)s, 'token:' || %(mark)s, 'x', '', 'system')
    RETURNING user_id
)
INSERT INTO api_tokens (tenant_id, user_id, token_hash, scopes, created_by, expires_at)
SELECT %(t)s, user_id, sha256(%(mark)s::text::bytea), '{see_ward}', %(by)s, now() + interval '1 day' FROM system
RETURNING token_id;

-- report_id --
INSERT INTO reports (
    tenant_id, patient_id, asked_by, from_at, to_at, language, zone, progress, made_at, sha256, pdf
)
VALUES (
    %(t)s, %(p)s, %(by)s, now() - interval '1 h', now(), 'en', 'UTC', 1, now(), sha256(%(mark)s::text::bytea),
    %(mark)s::text::bytea
)
RETURNING report_id;

-- rehearsal_id --
INSERT INTO rehearsals (tenant_id, patient_id, asked_by, from_at, to_at, limits, ended_at, failed)
VALUES (%(t)s, %(p)s, %(by)s, now() - interval '1 h', now(), '{}', now(), %(mark)s)
RETURNING rehearsal_id;

-- session_id --
INSERT INTO sessions (token_hash, user_id, tenant_id, csrf_token, expires_at)
VALUES (sha256(%(mark)s::text::bytea), %(by)s, %(t)s, 'x', now() + interval '1 h')
RETURNING session_id;

-- ward_id --
SELECT ward_id FROM patients WHERE patient_id = %(p)s;

-- correction_id --
INSERT INTO beat_corrections (tenant_id, patient_id, t, kind, label, user_id)
VALUES (%(t)s, %(p)s, now() - interval '20 s', 'added', 'V', %(by)s)
RETURNING correction_id;

-- note_id --
INSERT INTO patient_notes (tenant_id, patient_id, text, user_id) VALUES (%(t)s, %(p)s, %(mark)s, %(by)s)
RETURNING note_id;

-- contact_id --
INSERT INTO contacts (tenant_id, user_id, kind, label, scheme, address, created_by)
VALUES (%(t)s, %(by)s, 'apprise', %(where)s, 'json', 'json://127.0.0.1/' || %(mark)s, %(by)s)
RETURNING contact_id;

-- on_call_id --
INSERT INTO on_call (tenant_id, user_id, step, from_at, to_at, created_by)
VALUES (%(t)s, %(by)s, 1, now(), now() + interval '8 h', %(by)s)
RETURNING on_call_id;

-- webhook_id --
INSERT INTO webhooks (tenant_id, name, url, secret, kinds, priorities, created_by)
VALUES (%(t)s, %(where)s, 'https://example.org/', 'secret', '{}', '{}', %(by)s)
RETURNING webhook_id;

-- more_pauses --
-- What is of a whole ward.
INSERT INTO pauses (tenant_id, kind, ward, until_at, user_id, reason)
VALUES (%(t)s, 'audio_paused', %(w)s, now() + interval '10 min', %(by)s, %(mark)s);

-- more_duties --
INSERT INTO on_call (tenant_id, user_id, step, ward, from_at, to_at, created_by)
VALUES (%(t)s, %(by)s, 2, %(w)s, now(), now() + interval '8 h', %(by)s);

-- more_chains --
INSERT INTO escalation_chains (tenant_id, ward, priority, delays_s, set_by) VALUES (%(t)s, %(w)s, 'low', '{600}', %(by)s);

-- more_alarm_events --
-- And what else there is of a patient.
INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%(alarm_id)s, %(t)s, 'raised');

-- more_ledger --
-- What is another's comes first: who reads the first entry has been shown nothing before it.
INSERT INTO ledger (tenant_id, seq, at, source, source_id, alarm_id, content, hash)
SELECT %(t)s, 1000000 - event_id, now(), 'alarm_events', event_id, alarm_id, sha256('x'), sha256('x')
FROM alarm_events WHERE alarm_id = %(alarm_id)s;

-- more_beats --
INSERT INTO beats (patient_id, tenant_id, device_id, t, rr_s, label, engine)
VALUES (%(p)s, %(t)s, %(d)s, now() - interval '30 s', 0.8, 'N', 'test');

-- more_beat_minutes --
INSERT INTO beat_minutes (
    patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, beats_n, beats_s, beats_v, beats_f, beats_q,
    rr_min_us, rr_max_us
)
VALUES (%(p)s, date_bin('1 min', now(), 'epoch'), %(d)s, 'test', 800000, %(t)s, 1, 1, 0, 0, 0, 0, 800000, 800000);

-- more_ecg_minutes --
INSERT INTO ecg_minutes (patient_id, minute, device_id, lead, ecg_us, tenant_id)
VALUES (%(p)s, date_bin('1 min', now(), 'epoch'), %(d)s, 'II', 1, %(t)s);

-- more_episodes --
INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, engine)
VALUES (%(t)s, %(p)s, %(d)s, 'asystole', now(), 'test');

-- more_rhythms --
INSERT INTO rhythms (patient_id, tenant_id, device_id, t, rhythm, is_late, engine)
VALUES (%(p)s, %(t)s, %(d)s, now(), '(N', false, 'test');

-- more_signal --
INSERT INTO signal_states (device_id, tenant_id, patient_id, hr_bpm, quality, analysed_until, updated_at, engine)
VALUES (%(d)s, %(t)s, %(p)s, 71, 'good', now(), now(), 'test');

-- more_status --
INSERT INTO device_status VALUES (%(d)s, %(t)s, 1, now(), true, 77, '', %(mark)s, NULL, 0, 0, now());

-- more_frames --
WITH made AS (
    INSERT INTO streams (tenant_id, patient_id, device_id, stream, boot_id, shard)
    VALUES (%(t)s, %(p)s, %(d)s, 'ecg', 1, %(shard)s)
    RETURNING stream_id
)
INSERT INTO ecg_frames (
    stream_id, seq, t0, tenant_id, patient_id, device_id, shard, fs_mhz, lead, gain, baseline, flags, samples, received_at
)
SELECT
    stream_id, 0, now() - interval '30 s', %(t)s, %(p)s, %(d)s, %(shard)s, 250000, 'II', 200, 0, 0,
    decode(repeat('0100', 250), 'hex'), now()
FROM made;

-- more_limits --
INSERT INTO patient_limits (patient_id, tenant_id, call, name, value)
VALUES (%(p)s, %(t)s, 'tachycardia', 'bpm', 130);

-- more_audit --
INSERT INTO audit_events (tenant_id, user_id, action, patient_id, detail)
VALUES (%(t)s, %(by)s, 'saw_patient', %(p)s, jsonb_build_object('mark', %(mark)s::text));

-- describe --
UPDATE devices SET description = %(mark)s WHERE device_id = %(d)s;

-- credential --
INSERT INTO device_credentials (device_id, tenant_id, salt, iterations, hash)
VALUES (%(d)s, %(t)s, %(salt)s, %(iterations)s, %(hash)s);

-- place --
-- A patient's tenant and ward, and somebody of it.
SELECT p.tenant_id, p.ward, (SELECT min(user_id) FROM users AS u WHERE u.tenant_id = p.tenant_id)
FROM patients AS p
WHERE patient_id = %(p)s;

-- bind --
-- Who belongs to a ward sees that one alone.
WITH bound AS (
    UPDATE users SET all_wards = false WHERE login LIKE '%%ward_a' RETURNING user_id, tenant_id
)
INSERT INTO ward_members (user_id, ward_id, tenant_id)
SELECT b.user_id, w.ward_id, w.tenant_id FROM bound AS b JOIN wards AS w USING (tenant_id) WHERE w.name = 'A';
