#!/bin/sh
# Whether compose.yaml, with all its profiles, and the variants of it are what the compose command takes.
set -eu
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sallyport/servers
DOCKER_CONFIG=$(mktemp -d)
export DOCKER_CONFIG
trap 'rm -rf "$DOCKER_CONFIG"' EXIT
mkdir "$DOCKER_CONFIG/cli-plugins"
docker compose version >/dev/null 2>&1 || cp "$cache/docker-compose" "$DOCKER_CONFIG/cli-plugins/"

docker compose --profile '*' config --quiet
docker compose --file compose.yaml --file tests/compose/compose.local.yaml --profile '*' config --quiet
docker compose --file compose.yaml --file deploy/keycloak/compose.yaml --profile '*' config --quiet
