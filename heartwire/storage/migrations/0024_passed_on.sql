-- Who was told and cannot says so: one more event of the alarm, and the next one is told at once (docs/adr/0023).
ALTER TABLE alarm_events
    DROP CONSTRAINT alarm_events_kind_check,
    ADD CONSTRAINT alarm_events_kind_check CHECK (kind IN (
        'raised', 'added', 'paused', 'shown', 'notified', 'escalated', 'suppressed', 'ended',
        'acknowledged', 'acknowledgement_undone', 'silenced', 'silence_undone', 'reviewed', 'review_undone', 'handed_over',
        'passed_on'
    ));
