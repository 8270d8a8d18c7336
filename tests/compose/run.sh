#!/bin/sh
# Starts compose.yaml for real, where no image can be pulled: a Docker engine of its own, an image made of
# a local Debian root (compose.local.yaml says what it stands in for), all programs healthy, the demo run
# against them, the Admin API asked by its name, and everything stopped again. Debian, root; needs `deno task servers install` before.
set -eu
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sallyport/servers
work=$(mktemp -d)
export COMPOSE_FILE=compose.yaml:tests/compose/compose.local.yaml COMPOSE_BAKE=false DOCKER_BUILDKIT=0
export DOCKER_CONFIG="$work/config"
mkdir -p "$DOCKER_CONFIG/cli-plugins"
docker compose version >/dev/null 2>&1 || cp "$cache/docker-compose" "$DOCKER_CONFIG/cli-plugins/"

engine=
stop() {
  status=$?
  docker compose down --volumes --timeout 5 >/dev/null 2>&1 || true
  if [ -n "$engine" ]; then
    kill "$engine" && wait "$engine" || true
  fi
  # The engine leaves the namespace of its host network mounted.
  umount "$work"/exec/netns/* 2>/dev/null || true
  rm -rf "$work" .dev/compose
  exit "$status"
}
trap stop EXIT

export DOCKER_HOST="unix://$work/docker.sock"
dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" \
  --pidfile "$work/pid" >"$work/engine.log" 2>&1 &
engine=$!
tries=0
until docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { cat "$work/engine.log"; exit 1; }
  sleep 0.5
done

tar -C "$cache/root" -c . | docker import \
  --change "ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt" \
  --change "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/15/bin" \
  - sallyport-local/base:bookworm >/dev/null

deno task compose up || { docker compose ps -a; docker compose logs --tail 20; exit 1; }
docker compose ps --format 'table {{.Service}}\t{{.Status}}'
deno task demo --dir .dev/compose

# The Admin API by the names that containers call each other, and nowhere but in the operators' network.
reach='const [hostname, port] = Deno.args; (await Deno.connect({ hostname, port: Number(port) })).close()'
docker compose exec -T gateway deno eval "$reach" payment-service 3000
docker compose exec -T gateway deno eval "$reach" redis-host 6379
token=$(deno task --quiet token paula@example.com --dir .dev/compose)
docker compose run --rm --no-deps -T operator "$token" "$(cat .dev/compose/ca.pem)"
if docker compose exec -T payment deno eval "$reach" gateway 8001 2>/dev/null; then
  echo "the Admin API listens in the services' network too"
  exit 1
fi
