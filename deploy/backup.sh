#!/bin/sh
# Writes the whole database into one file, while everything runs: a backup disturbs nobody.
#
#   DATABASE=postgresql://... backup.sh FILE
#
# The file has a name only once it is whole and can be read. It holds patients' data: keep it as you keep them.
set -eu
file=${1:?usage: DATABASE=postgresql://... backup.sh FILE}
: "${DATABASE:?set it to the libpq URL of the database}"
umask 077

# TimescaleDB's own tables refer to each other in a circle, and pg_dump says so each time. That is no problem here: they
# are restored with triggers off (restore.sh).
pg_dump --format=custom --compress=zstd:3 --no-owner --no-privileges --file="$file.unfinished" "$DATABASE"
pg_restore --list "$file.unfinished" >/dev/null
sync "$file.unfinished"
mv "$file.unfinished" "$file"
echo "$file: $(wc -c <"$file") bytes"
