#!/bin/sh
# Makes every secret of a ward in ./secrets, once: the broker's certificate, and the passwords.
#
#   deploy/prepare.sh NAME...      the names or addresses by which devices reach the broker
#
# What is there already stays. The folder can be entered by its owner alone; the files in it can be read by anybody who
# is inside, since each service's container is shown its own files and runs as a user of its own.
set -eu
[ $# -gt 0 ] || { echo "usage: deploy/prepare.sh NAME...  (by which devices reach the broker)" >&2; exit 2; }
secrets=${SECRETS:-secrets}
# How heartwire is run, and what it calls the folder: in a container, unless told otherwise.
heartwire=${HEARTWIRE:-docker compose run --rm --user $(id -u):$(id -g) prepare heartwire}
inside=${INSIDE:-/secrets}

umask 077
mkdir -p "$secrets"
chmod 700 "$secrets"
if [ ! -e "$secrets/ca.crt" ]; then
    names="--name mosquitto --name localhost"
    for name in "$@"; do names="$names --name $name"; done
    $heartwire broker ca "$inside" $names
fi
if [ ! -e "$secrets/database.password" ]; then
    password=$(head -c 32 /dev/urandom | base64 | tr -d '+/=\n')
    printf '%s' "$password" >"$secrets/database.password"
    printf 'postgresql://heartwire:%s@timescaledb:5432/heartwire' "$password" >"$secrets/database.url"
fi
# The pages' server reaches the database by a login of its own, which `migrate` makes.
if [ ! -e "$secrets/pages.password" ]; then
    password=$(head -c 32 /dev/urandom | base64 | tr -d '+/=\n')
    printf '%s' "$password" >"$secrets/pages.password"
    printf 'postgresql://heartwire_dashboard:%s@timescaledb:5432/heartwire' "$password" >"$secrets/pages.url"
fi
# The services' passwords at the broker, and the canary's; the list of who is let in is made where the broker keeps it.
for service in ingest dashboard provisioner canary; do
    [ -e "$secrets/$service.password" ] || head -c 32 /dev/urandom | base64 | tr -d '+/=\n' >"$secrets/$service.password"
done
# Seals the secrets of people's second factors: a copy of the database alone opens none.
[ -e "$secrets/factor.key" ] || head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' >"$secrets/factor.key"
chmod 444 "$secrets"/*
echo "the secrets are in $secrets; keep a copy where only you can read it"
