-- The log is ordered by transaction ids. They belong to a cluster: one into which a dump was restored begins at small
-- numbers again, below every cursor, and nothing that is stored from then on would ever be analysed. So numbers of the
-- log are transaction ids and an offset, which a restore raises above all that is there (docs/adr/0006).

CREATE TABLE log_epoch (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    xid_offset bigint NOT NULL DEFAULT 0,
    -- The cluster whose transaction ids it is for.
    system_identifier bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO log_epoch (system_identifier) SELECT system_identifier FROM pg_control_system();

-- Below it every transaction has ended: what is committed there stays as it is.
CREATE FUNCTION log_horizon() RETURNS xid8 LANGUAGE sql STABLE PARALLEL SAFE AS $body$
    SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_offset)::text::xid8 FROM log_epoch
$body$;

-- Whether the log may go on here as it is. Not only in another cluster: the old one's files from long ago, into which a
-- newer dump was restored, have its identity and a count that is behind.
CREATE FUNCTION log_is_of_this_cluster() RETURNS boolean LANGUAGE sql STABLE AS $body$
    SELECT system_identifier = (SELECT system_identifier FROM pg_control_system())
        AND coalesce((SELECT max(next_xid::text::bigint) FROM analytics_cursors), 0)
            <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + xid_offset
    FROM log_epoch
$body$;

-- After a restore: lets the log go on above everything that is in it. Returns whether that was necessary; does nothing
-- in a cluster that wrote the log itself. Called by `heartwire migrate`, and by each service before it reads or writes
-- frames: none is written with a number of the old epoch. The offset stands in the column's default itself:
-- to look it up for each row took 3 us of the 5 that storing the row takes.
CREATE FUNCTION begin_log_epoch() RETURNS boolean LANGUAGE plpgsql AS $body$
DECLARE
    last_xid bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM log_epoch) THEN
        RAISE EXCEPTION 'the database is being restored: log_epoch is empty';
    END IF;
    IF log_is_of_this_cluster() THEN
        RETURN false;
    END IF;
    -- No frame is on its way meanwhile, and who waited here finds it done.
    LOCK TABLE ecg_frames IN ACCESS EXCLUSIVE MODE;
    IF log_is_of_this_cluster() THEN
        RETURN false;
    END IF;
    SELECT max(xid) INTO STRICT last_xid FROM (
        SELECT max(next_xid::text::bigint) FROM analytics_cursors
        UNION ALL
        SELECT max(replay_xid::text::bigint) FROM analytics_cursors
        UNION ALL
        SELECT max(next_xid::text::bigint) FROM analysis_checkpoints
        UNION ALL
        (SELECT xid::text::bigint FROM ecg_frames ORDER BY xid DESC LIMIT 1)
        UNION ALL
        SELECT xid_offset FROM log_epoch
    ) AS numbers (xid);
    UPDATE log_epoch SET
        xid_offset = last_xid + 1,
        system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c),
        since = clock_timestamp();
    EXECUTE format(
        'ALTER TABLE ecg_frames ALTER COLUMN xid SET DEFAULT ((pg_current_xact_id()::text::bigint + %s)::text::xid8)',
        last_xid + 1
    );
    RETURN true;
END
$body$;
