#!/bin/sh
# Runs a server, and sends it and its children the signals that standard input names, one a line; says
# "signalled <name>" when that is done.
# When standard input ends, so does the server: nothing outlives whoever started it, however that ended.
exec 3<&0
"$@" 3<&- </dev/null &
server=$!

tree() {
  echo "$1"
  for child in $(ps -o pid= --ppid "$1"); do tree "$child"; done
}

{
  while read -r signal <&3; do
    kill -s "$signal" $(tree "$server")
    echo "signalled $signal"
  done
  kill -s KILL $(tree "$server")
} 2>/dev/null &
listener=$!

wait "$server"
status=$?
kill -s KILL "$listener" 2>/dev/null
exit "$status"
