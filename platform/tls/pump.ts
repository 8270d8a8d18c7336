import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { NativeReads } from "./native_reads.ts";

export interface Pump {
  readonly client: TLSSocket;
  /** Of `client`. */
  readonly reads: NativeReads;
  readonly inner: Socket;
  /** Told of each piece that came from the client, before it is passed on. */
  readonly onClientBytes: () => void;
}

/**
 * Carries bytes both ways between a client and the inner server, neither faster than the other side takes them.
 * When one side ends or breaks, so does the other, after what it was sent before.
 */
export function pump({ client, reads, inner, onClientBytes }: Pump): void {
  client.on("data", (bytes) => {
    onClientBytes();
    if (inner.write(bytes)) return;
    client.pause();
    reads.readStop();
  });
  inner.on("drain", () => {
    if (client.destroyed || !client.isPaused()) return;
    reads.readStart();
    client.resume();
  });
  inner.on("data", (bytes) => {
    if (!client.write(bytes)) inner.pause();
  });
  client.on("drain", () => inner.resume());

  client.on("end", () => inner.end());
  inner.on("end", () => client.end());
  client.on("error", () => inner.destroy());
  inner.on("error", () => client.destroy());
  client.on("close", () => inner.destroy());
  inner.on("close", () => client.destroySoon());
}
