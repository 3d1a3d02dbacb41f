-- The log is ordered by transaction ids. They belong to a cluster: one into which a dump was restored begins at small
-- numbers again, below every cursor, and nothing that is stored from then on would ever be analysed. So numbers of the
-- log are transaction ids and an offset, which a restore raises above all that is there (docs/adr/0006).

CREATE TABLE log_epoch (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    xid_offset bigint NOT NULL DEFAULT 0
);
INSERT INTO log_epoch DEFAULT VALUES;

-- This transaction's number in the log. A few microseconds: ask once a transaction, not once a row.
CREATE FUNCTION log_xid() RETURNS xid8 LANGUAGE sql VOLATILE PARALLEL RESTRICTED AS $body$
    SELECT (pg_current_xact_id()::text::bigint + xid_offset)::text::xid8 FROM log_epoch
$body$;

-- Below it every transaction has ended: what is committed there stays as it is.
CREATE FUNCTION log_horizon() RETURNS xid8 LANGUAGE sql STABLE PARALLEL SAFE AS $body$
    SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_offset)::text::xid8 FROM log_epoch
$body$;

ALTER TABLE ecg_frames ALTER COLUMN xid SET DEFAULT log_xid();

-- After a restore, while no service runs: lets the log go on above everything that is in it. Returns whether that
-- was necessary; does nothing in a cluster that wrote the log itself.
CREATE FUNCTION begin_log_epoch() RETURNS boolean LANGUAGE plpgsql AS $body$
DECLARE
    last_xid bigint;
BEGIN
    SELECT max(xid) INTO last_xid FROM (
        SELECT max(next_xid)::text::bigint FROM analytics_cursors
        UNION ALL
        SELECT max(next_xid)::text::bigint FROM analysis_checkpoints
        UNION ALL
        SELECT max(xid)::text::bigint FROM ecg_frames
    ) AS numbers (xid);
    IF last_xid <= log_xid()::text::bigint THEN
        RETURN false;
    END IF;
    UPDATE log_epoch SET xid_offset = last_xid + 1;
    RETURN true;
END
$body$;
