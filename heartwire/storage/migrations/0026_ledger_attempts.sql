-- Each attempt to tell somebody is in the ledger, whatever became of it (docs/adr/0024).

CREATE FUNCTION seal_notification_attempts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
BEGIN
    INSERT INTO ledger_due (tenant_id, source, source_id, alarm_id)
    SELECT tenant_id, 'notification_attempts', attempt_id, alarm_id FROM new_rows ORDER BY attempt_id;
    RETURN NULL;
END
$body$;
CREATE TRIGGER notification_attempts_seal AFTER INSERT ON notification_attempts REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION seal_notification_attempts();

INSERT INTO ledger_due (tenant_id, source, source_id, alarm_id)
SELECT tenant_id, 'notification_attempts', attempt_id, alarm_id FROM notification_attempts ORDER BY attempt_id;
