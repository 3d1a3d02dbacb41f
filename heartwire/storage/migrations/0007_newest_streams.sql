-- Who was heard of last is asked every second, of all devices: their newest boots are found without reading all that
-- there ever were. No column of it changes when a frame arrives.
CREATE INDEX streams_newest ON streams (device_id, stream, created_at DESC);
