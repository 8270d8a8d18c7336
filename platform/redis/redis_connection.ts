import { createClient } from "redis";
import { serverCheck, type TlsIdentity } from "platform/tls";
import { redisAddressOf, type RedisConfig } from "./redis_address.ts";

/** One connection, from its handshake to its end. It is never opened again: its certificate stays as it was. */
export interface RedisConnection extends Disposable {
  send(command: readonly string[]): Promise<unknown>;
  /** Resolves, with the reason if there is one, when the connection is gone. */
  readonly ended: Promise<unknown>;
}

/** What we show on each new connection, and whom we refuse. */
export type RedisIdentity = Pick<TlsIdentity, "material" | "isRevoked" | "onRevoked">;

/**
 * Whoever sends a command knows how long it may take. The library's own deadline of five seconds is a timer for
 * each command that stays when the answer has come: tens of thousands of them in a busy process.
 */
const withoutDeadline = { timeout: 0 } as const;

/** @throws when the server cannot be reached, or either side refuses the other's certificate. */
export async function openRedisConnection(
  config: RedisConfig,
  identity: RedisIdentity,
  timeoutMs: number,
): Promise<RedisConnection> {
  const { material } = identity;
  const { host, port, ...account } = redisAddressOf(config);
  const client = createClient({
    ...account,
    RESP: 2,
    disableClientInfo: true,
    disableOfflineQueue: true,
    maintNotifications: "disabled",
    commandOptions: withoutDeadline,
    socket: {
      host,
      port,
      servername: host,
      tls: true,
      minVersion: "TLSv1.2",
      // Over TLS 1.3 the server refuses our certificate after the handshake, which ends the process.
      maxVersion: "TLSv1.2",
      cert: material.cert,
      key: material.key,
      ...config.ca !== "system" && { ca: config.ca ?? material.ca },
      checkServerIdentity: serverCheck(identity),
      reconnectStrategy: false,
    },
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  client.on("error", end);
  client.on("end", end);
  const timer = setTimeout(() => end(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  const failed = ended.then((reason) => Promise.reject(reason));
  try {
    await Promise.race([client.connect(), failed]);
    // A handshake says nothing of whether commands are answered.
    await Promise.race([client.sendCommand(["PING"]), failed]);
  } catch (thrown) {
    client.destroy();
    throw thrown;
  } finally {
    clearTimeout(timer);
    failed.catch(() => {/* Told by `ended`. */});
  }
  return {
    send: (command) => client.sendCommand([...command]),
    ended,
    [Symbol.dispose]: () => client.destroy(),
  };
}
