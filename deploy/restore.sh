#!/bin/sh
# Brings what backup.sh wrote into an empty database, of this server or of another.
#
#   DATABASE=postgresql://... restore.sh FILE
#
# Stop ingest, analytics, compactor and dashboard first. The server needs the version of TimescaleDB that the old one had.
# Nothing is overwritten: a database that has anything in it is refused.
set -eu
file=${1:?usage: DATABASE=postgresql://... restore.sh FILE}
: "${DATABASE:?set it to the libpq URL of the database}"

ask() {
    psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$DATABASE" --command="$1"
}

tables=$(ask "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
if [ "$tables" != 0 ]; then
    echo "restore.sh: the database has $tables tables already; make an empty one (createdb) and name it in DATABASE" >&2
    exit 1
fi
# The roles that row-level security speaks of belong to the server, not to the file.
for role in heartwire_pages heartwire_door; do
    exists=$(ask "SELECT count(*) FROM pg_roles WHERE rolname = '$role'")
    [ "$exists" = 1 ] || ask "CREATE ROLE $role NOLOGIN"
done
is_timescale=
if pg_restore --list "$file" | grep -q 'EXTENSION - timescaledb'; then
    is_timescale=yes
    ask "CREATE EXTENSION IF NOT EXISTS timescaledb"
    # Chunks are not to be made, nor catalogues checked, while their rows come from the file.
    ask "SELECT timescaledb_pre_restore()" >/dev/null
fi
# One process: TimescaleDB's catalogue does not bear several. The first error ends it.
pg_restore --no-owner --no-privileges --exit-on-error --dbname="$DATABASE" "$file"
if [ -n "$is_timescale" ]; then
    ask "SELECT timescaledb_post_restore()" >/dev/null
fi
# Files carry no rights: tenants and wards are told apart again.
ask "SELECT isolate()" >/dev/null
# A server counts its transactions from the beginning, and frames are analysed in the order of that count: the log goes on
# above all that came along. (Services see to it by themselves as well.)
ask "SELECT begin_log_epoch()" >/dev/null
# Without statistics the first queries would take minutes.
ask "ANALYZE"
echo "restored; run 'heartwire migrate' if this is a newer version, then start the services"
