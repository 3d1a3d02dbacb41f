-- What came after 0015 and is not the pages' server's to write: the ledger and what waits for it, what was sent, what devices
-- say of their batteries; and what people add and nobody rewrites. The triggers refuse that, too; a right that nobody needs
-- is one that nobody should have.

ALTER FUNCTION isolate() RENAME TO isolate_tables;

CREATE FUNCTION isolate() RETURNS integer LANGUAGE plpgsql AS $body$
DECLARE
    n integer := isolate_tables();
BEGIN
    REVOKE INSERT, UPDATE, DELETE ON ledger, ledger_due, notices, notification_attempts, battery_levels FROM heartwire_pages;
    REVOKE UPDATE, DELETE ON nurse_assignments, beat_corrections, patient_notes, limit_changes FROM heartwire_pages;
    RETURN n;
END
$body$;
