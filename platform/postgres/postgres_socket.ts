import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { TlsIdentity } from "platform/tls";

/** Where a server is, and by whom it is vouched for. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  /** PEM of who vouches for the server, or `system` for the runtime's roots. Otherwise it is our own CA. */
  readonly ca?: string | undefined;
}

/** What we show on each new connection, and whom we refuse. */
export type PostgresIdentity = Pick<TlsIdentity, "material" | "isRevoked" | "onRevoked">;

/** Length 8, then the number that asks for TLS: what a client may say before TLS begins. */
const sslRequest = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
const accepted = "S".charCodeAt(0);

/**
 * A connection on which the server has been verified, and not a word has been said: for the driver to
 * go on with. Shows the certificate that is in force now, when the server asks for one.
 *
 * @throws when there is no such server, when it is not who it must be, and when `signal` is aborted.
 * @see {@link https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL | SSL session encryption}
 */
export async function openPostgresSocket(
  { host, port, ca }: PostgresAddress,
  identity: PostgresIdentity,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const plain = connect({ host, port, noDelay: true });
  survive(plain);
  try {
    await once(plain, "connect", { signal });
    plain.write(sslRequest);
    await checkAcceptance(plain, signal);
    const { material } = identity;
    const socket = connectTls({
      socket: plain,
      host,
      ...isIP(host) === 0 && { servername: host },
      cert: material.cert,
      key: material.key,
      ...ca !== "system" && { ca: ca ?? material.ca },
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
    });
    survive(socket);
    await once(socket, "secureConnect", { signal });
    const { serialNumber } = socket.getPeerCertificate();
    if (identity.isRevoked(serialNumber)) throw new Error("Cannot trust server: it is revoked");
    return socket;
  } catch (thrown) {
    plain.destroy();
    throw thrown;
  }
}

/** What comes before TLS may come from anybody: one byte is expected, and nothing is read after it. */
async function checkAcceptance(plain: Socket, signal: AbortSignal): Promise<void> {
  const { promise: closed, reject } = Promise.withResolvers<never>();
  const hungUp = () => reject(new Error("Cannot begin TLS: the server has hung up"));
  plain.once("close", hungUp);
  const [answer] = await Promise.race([once(plain, "data", { signal }), closed]);
  plain.off("close", hungUp);
  if (answer.length !== 1 || answer[0] !== accepted) {
    throw new Error("Cannot begin TLS: the server does not offer it");
  }
}

/** An error that nobody listens for would end the process. Who waits for the socket is told by its end. */
function survive(socket: Socket): void {
  socket.on("error", () => {});
}
