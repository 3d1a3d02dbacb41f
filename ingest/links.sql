-- stored_links --
-- Where the last process left these devices' links.
SELECT device_id, state FROM device_links WHERE device_id = ANY(%(devices)s);

-- put_links --
-- How these devices' links are now; of one that another process heard later, its word stays.
INSERT INTO device_links AS l (
    device_id, tenant_id, patient_id, last_contact_at, last_sample_at, boot_id, boot_first_at, clock_offset_us,
    clock_drift_ppm, clock_drift_error_ppm, clock_jump_us, clock_jumped_at, longest_silence_us,
    longest_silence_ended_at, state
)
SELECT
    d.device_id, d.tenant_id, d.patient_id, timestamptz 'epoch' + v.contact_us * interval '1 microsecond',
    timestamptz 'epoch' + v.sample_us * interval '1 microsecond', v.boot_id,
    timestamptz 'epoch' + v.boot_first_us * interval '1 microsecond', v.offset_us, v.drift_ppm, v.drift_error_ppm,
    v.jump_us, timestamptz 'epoch' + v.jumped_us * interval '1 microsecond', v.silence_us,
    timestamptz 'epoch' + v.silence_ended_us * interval '1 microsecond', v.state
FROM unnest(
    %(devices)b::text[], %(contacts_us)b::bigint[], %(samples_us)b::bigint[], %(boots)b::bigint[],
    %(boots_first_us)b::bigint[], %(offsets_us)b::bigint[], %(drifts_ppm)b::real[], %(drift_errors_ppm)b::real[],
    %(jumps_us)b::bigint[], %(jumped_us)b::bigint[], %(silences_us)b::bigint[], %(silences_ended_us)b::bigint[],
    %(states)b::bytea[]
) AS v (
    device_id, contact_us, sample_us, boot_id, boot_first_us, offset_us, drift_ppm, drift_error_ppm, jump_us, jumped_us,
    silence_us, silence_ended_us, state
)
JOIN devices AS d USING (device_id)
ORDER BY d.device_id
ON CONFLICT (device_id) DO UPDATE SET
    tenant_id = excluded.tenant_id,
    patient_id = excluded.patient_id,
    last_contact_at = excluded.last_contact_at,
    last_sample_at = excluded.last_sample_at,
    boot_id = excluded.boot_id,
    boot_first_at = excluded.boot_first_at,
    clock_offset_us = excluded.clock_offset_us,
    clock_drift_ppm = excluded.clock_drift_ppm,
    clock_drift_error_ppm = excluded.clock_drift_error_ppm,
    clock_jump_us = excluded.clock_jump_us,
    clock_jumped_at = excluded.clock_jumped_at,
    longest_silence_us = excluded.longest_silence_us,
    longest_silence_ended_at = excluded.longest_silence_ended_at,
    state = excluded.state,
    updated_at = clock_timestamp()
WHERE excluded.last_contact_at >= l.last_contact_at;
