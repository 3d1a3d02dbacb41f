-- Where to read again after a restart: every frame of the shard with an xid below `replay_xid` is contained in its
-- device's checkpoint. It follows `next_xid` at the pace of the checkpoints.
ALTER TABLE analytics_cursors ADD COLUMN replay_xid xid8 NOT NULL DEFAULT '0';
