#!/bin/sh
# What the official entrypoint does before nginx starts: templates, then the scripts of /docker-entrypoint.d.
set -e
if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
    # Only variables that exist are replaced: $host and its like stay for nginx.
    names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p')
    for template in /etc/nginx/templates/*.template; do
        [ -e "$template" ] || continue
        envsubst "$names" < "$template" > "/etc/nginx/conf.d/$(basename "$template" .template)"
    done
    for script in /docker-entrypoint.d/*.sh; do
        [ ! -x "$script" ] || "$script"
    done
fi
exec "$@"
