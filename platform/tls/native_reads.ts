import type { TLSSocket } from "node:tls";

/** Stops and restarts reading from the TCP connection under a TLS socket. */
export interface NativeReads {
  readStop(): void;
  readStart(): void;
}

/**
 * The one way to make a client wait: `TLSSocket.pause()` goes on reading, and holds in memory what it reads.
 * Private to the runtime, so it may be gone one day: undefined then, and the caller must refuse the connection.
 */
export function nativeReadsOf(socket: TLSSocket): NativeReads | undefined {
  const { _handle: handle } = socket as unknown as {
    readonly _handle?: { readonly _nativeTcpHandle?: Partial<NativeReads> };
  };
  const native = handle?._nativeTcpHandle;
  return native?.readStop && native.readStart ? (native as NativeReads) : undefined;
}
