/**
 * Lists and replays events that a group could not handle.
 *
 *     deno task dead-letters list SOURCE GROUP            those of the group, oldest first
 *     deno task dead-letters replay SOURCE GROUP ID|all   gives one, or all there are, to the group again
 *
 * With `REDIS_URL`, in its streams, under the certificate of `TLS_CERT_FILE`, `TLS_KEY_FILE` and
 * `TLS_CA_FILE`; else in the files of the development folder.
 */
import { ConfigError, parseEnv, readRedisConfig, tlsVariables } from "platform/config";
import { type DeadLetters, EmbeddedEventReader, RedisEventReader } from "platform/events";
import { RedisLink } from "platform/redis";
import { createLogger } from "platform/telemetry";
import { openTlsIdentity } from "platform/tls";
import { runDeadLetters, UsageError } from "./dead_letters/run_dead_letters.ts";

const dataDir = new URL("../.dev/data", import.meta.url).pathname;
const readyTimeoutMs = 5_000;
const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));
const log = createLogger({ service: "dead-letters", level: "error" });

async function open(
  running: AsyncDisposableStack,
  source: string,
  group: string,
): Promise<DeadLetters> {
  const get = (name: string) => Deno.env.get(name);
  const config = get("REDIS_URL") ? readRedisConfig(get) : undefined;
  if (!config) {
    const path = `${dataDir}/events/${source}.sqlite`;
    const groupPath = `${dataDir}/${group}/handled_events.sqlite`;
    await Deno.stat(groupPath);
    return running.use(new EmbeddedEventReader({ path, groupPath }));
  }
  const files = parseEnv(tlsVariables, get);
  const identity = running.use(
    await openTlsIdentity({
      certFile: files.TLS_CERT_FILE,
      keyFile: files.TLS_KEY_FILE,
      caFile: files.TLS_CA_FILE,
      revokedFile: files.TLS_REVOKED_FILE,
    }, { log }),
  );
  const redis = running.use(new RedisLink({ config, identity, log }));
  await redis.ready(readyTimeoutMs);
  return running.use(new RedisEventReader(redis, { source, group }));
}

await using running = new AsyncDisposableStack();
try {
  await runDeadLetters(Deno.args, { open: (source, group) => open(running, source, group), say });
} catch (thrown) {
  const isOurs = thrown instanceof UsageError || thrown instanceof ConfigError ||
    thrown instanceof Deno.errors.NotFound;
  if (!isOurs) throw thrown;
  say(thrown instanceof Deno.errors.NotFound ? "There is no such group" : thrown.message);
  Deno.exitCode = 1;
}
