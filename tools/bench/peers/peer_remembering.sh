#!/bin/bash
# A peer of the comparison with a memory of verified tokens: `peer_remembering.sh nginx` or `fastify`. What it
# serves is the comparison's own, told to remember. For `--extra`, in mode jwt: see measure.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
case $1 in
  nginx)
    conf=$WORK/nginx-remembering.conf
    sed -E "/^ *@RL /d;/^ *@FULL /d;s#@(JWT|NFULL) ##;s#@WORK@#$WORK#g;s#@PKI@#$PKI#g;s#@UP@#$UP#g;s#@PORT@#$PORT#g
      s#@MODE@#remembering#g;s#@BENCH@/lua/#$here/?.lua;$BENCH/lua/#;s#require \"gw\"#require \"remembering\"#" \
      "$BENCH/conf/nginx.conf.in" >"$conf"
    exec nginx -c "$conf"
    ;;
  fastify)
    cd "$BENCH/node"
    exec env NODE_ENV=production node --input-type=module \
      -e "$(sed 's/allowedAud: AUD/allowedAud: AUD, cache: 10000/' fastify.mjs)"
    ;;
esac
