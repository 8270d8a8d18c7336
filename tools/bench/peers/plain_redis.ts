import { createClient } from "redis";
import type { Redis, RedisScript } from "platform/redis";

/**
 * The comparison's Redis, which speaks no TLS: what our own link does with it, without the encryption that the
 * link insists on and the peers do not have either. Only what the limits need.
 */
export async function openPlainRedis(port: number): Promise<Redis> {
  const client = createClient({
    RESP: 2,
    commandOptions: { timeout: 0 },
    socket: { host: "127.0.0.1", port },
  });
  client.on("error", () => {});
  await client.connect();
  const run = async (
    script: RedisScript,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> => {
    const rest = [String(keys.length), ...keys, ...values.map(String)];
    try {
      return await client.sendCommand(["EVALSHA", script.sha, ...rest]);
    } catch (thrown) {
      if (!String(thrown).includes("NOSCRIPT")) throw thrown;
      return await client.sendCommand(["EVAL", script.text, ...rest]);
    }
  };
  const redis: Redis = {
    send: (command) => client.sendCommand([...command]),
    run,
    inBackground: () => redis,
    onReady: () => ({ [Symbol.dispose]() {} }),
  };
  return redis;
}
