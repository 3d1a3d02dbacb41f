-- is_timescale --
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb');

-- chunks --
-- TimescaleDB's chunks of a table that begin before an instant, the oldest first.
SELECT format('%%I.%%I', chunk_schema, chunk_name), range_start, range_end
FROM timescaledb_information.chunks
WHERE hypertable_schema = current_schema() AND hypertable_name = %(table)s AND range_start < %(before)s
ORDER BY range_start;

-- be_patient --
-- Not for long: a transaction that wrote here and stays open must not hold up all others through us.
SET LOCAL lock_timeout = '500ms';

-- lock_table --
-- Whoever inserts waits until the transaction ends, and plans anew then: no row can come into a chunk that is being
-- dropped. Who reads does not wait.
LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE;

-- any_row --
SELECT EXISTS (SELECT FROM {chunk});

-- drop_chunk --
SELECT drop_chunks(%(table)s, older_than => %(end)s::timestamptz, newer_than => %(begin)s::timestamptz);
