#!/bin/bash
# The contract of the official entrypoint that projects rely on: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB (each also as
# *_FILE), PGDATA, /docker-entrypoint-initdb.d, and a server that is reachable by TCP only when it is ready.
set -euo pipefail

from_file() {
    local file_variable="$1_FILE"
    if [ -n "${!file_variable:-}" ]; then
        export "$1=$(< "${!file_variable}")"
    fi
}

initialise() {
    if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        echo 'Error: Database is uninitialized and superuser password is not specified. Set POSTGRES_PASSWORD.' >&2
        exit 1
    fi
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} password=()
    if [ -n "${POSTGRES_PASSWORD:-}" ]; then
        printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password
        password=(--pwfile=/tmp/password)
    fi
    initdb --username="$POSTGRES_USER" "${password[@]}" --auth-local=trust --auth-host="$method" \
        --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 >/dev/null
    rm -f /tmp/password
    echo "host all all all $method" >> "$PGDATA/pg_hba.conf"
    sed -i "s/^#*listen_addresses.*/listen_addresses = '*'/" "$PGDATA/postgresql.conf"
    # Without TCP: a client that waits for the port must not meet the half-made database.
    pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start >/dev/null
    local sql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER")
    if [ "$POSTGRES_DB" != postgres ]; then
        "${sql[@]}" --dbname postgres -v name="$POSTGRES_DB" <<< 'CREATE DATABASE :"name";'
    fi
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case "$file" in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) "${sql[@]}" --dbname "$POSTGRES_DB" -f "$file" ;;
            *.sql.gz) gunzip -c "$file" | "${sql[@]}" --dbname "$POSTGRES_DB" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
    echo 'PostgreSQL init process complete; ready for start up.'
}

if [ "${1:-}" = '' ] || [ "${1:0:1}" = - ]; then
    set -- postgres "$@"
fi
if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA"
        find "$PGDATA" /run/postgresql \! -user postgres -exec chown postgres {} +
        chmod 0700 "$PGDATA"
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB; do from_file "$name"; done
    export POSTGRES_USER="${POSTGRES_USER:-postgres}"
    export POSTGRES_DB="${POSTGRES_DB:-$POSTGRES_USER}"
    [ -s "$PGDATA/PG_VERSION" ] || initialise
    unset POSTGRES_PASSWORD
fi
exec "$@"
