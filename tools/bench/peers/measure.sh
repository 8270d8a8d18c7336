#!/bin/bash
# The tables of docs/performance.md: `measure.sh BENCH WORK`, where BENCH is the folder of the comparison (peers.sh)
# and WORK a folder to write to. Takes about ten minutes, in which nothing else should run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
given=$1
mkdir -p "$2"
export WORK=$(cd "$2" && pwd)
rounds=${ROUNDS:-3}
flags=$(sed -n 's/.*gatewayRuntimeFlag = "\(.*\)";/\1/p' "$root/tools/platform/programs.ts")
gateway="deno run -A --no-check $flags --config $root/deno.json $here/gateway.ts"

# A copy that may be written to, of which one part is another for tokens that are new.
bench=$WORK/bench
[ -d "$bench" ] || cp -r "$given" "$bench"
export MANY_TOKENS=$WORK/jwt/es256.many
[ -s "$MANY_TOKENS" ] || deno run -A "$here/mint.ts" "$WORK/jwt"
mkdir -p "$WORK/new/lib"
for part in conf lua node peers.sh; do ln -sfn "$bench/$part" "$WORK/new/$part"; done
sed "s#os.getenv(\"BENCH\")#\"$bench\"#" "$here/new_tokens.lua" >"$WORK/new/lib/wrk.lua"

table() { # folder, arguments
  local folder=$1
  shift
  echo
  "$folder/peers.sh" --secs 3 --rounds "$rounds" --base nginx --gut-name sallyport --gut-cmd "$gateway" "$@"
}

table "$bench" --peers "nginx fastify" --modes "proxy jwt redis full"
table "$bench" --peers "nginx fastify" --modes "jwt full" --alg RS256
table "$bench" --peers "nginx fastify" --modes proxy --path /big
echo
echo "every token new:"
table "$WORK/new" --peers "nginx fastify" --modes jwt
echo
echo "nothing remembered by the gateway, and as much by the peers:"
table "$bench" --peers "nginx fastify" --modes jwt \
  --extra "forgetful=env JWT_CACHE=0 $gateway" \
  --extra "nginx_rem=$here/peer_remembering.sh nginx" \
  --extra "fastify_rem=$here/peer_remembering.sh fastify"
