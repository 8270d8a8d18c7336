/** What bounds a server, so that no client can hold more of it than its share. */
export interface ServerLimits {
  /** Connections at one time, those in their handshake included; more are closed unheard. */
  readonly connectionsMax: number;
  /** Of those, how many may come from one network: an IPv4 address, or the /64 of an IPv6 address. */
  readonly connectionsPerNetworkMax: number;
  /** From the first packet to the end of the TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** HTTP/1.1: from the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** How long a connection lives without a request in flight, whatever bytes arrive. */
  readonly idleTimeoutMs: number;
  /** After it a connection is closed as soon as it is idle, and `drainMs` later whatever it does. */
  readonly connectionAgeMsMax: number;
  /** How long answers in flight may take to finish once closing has begun. */
  readonly drainMs: number;
}

/** What bounds a server that is told nothing else: how long it drains is for each to say. */
export const defaultServerLimits: Omit<ServerLimits, "drainMs"> = {
  connectionsMax: 10_000,
  connectionsPerNetworkMax: 1_000,
  handshakeTimeoutMs: 5_000,
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  connectionAgeMsMax: 3_600_000,
};
