#!/bin/sh
# What the image of PostgreSQL does first: makes the cluster, and runs its files once.
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  initdb -D "$PGDATA" -U postgres -A trust -E UTF8 --locale C >/dev/null
  for file in /docker-entrypoint-initdb.d/*.sql; do
    # One statement a line is all that a server in this mode takes.
    grep -v '^--' "$file" | postgres --single -D "$PGDATA" postgres >/dev/null
  done
fi
exec "$@" -c unix_socket_directories=/tmp
