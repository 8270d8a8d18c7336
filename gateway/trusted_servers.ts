import {
  openPeerFetch,
  openPeerSockets,
  openServerFetch,
  openServerSockets,
  type PeerFetch,
  type PeerSockets,
  type TlsIdentity,
} from "platform/tls";
import type { Trust } from "./gateway_config.ts";

/** Longer than any service's own time-outs, so that the gateway is the one to give up. */
const timeoutMs = 2_147_483_647;

/** Connections to servers, each kept by how the server shows who it is. Disposal cuts them. */
export class TrustedServers implements AsyncDisposable {
  readonly #identity: TlsIdentity;
  readonly #opened = new Map<string, PeerFetch>();
  readonly #sockets = new Map<string, PeerSockets>();

  constructor(identity: TlsIdentity) {
    this.#identity = identity;
  }

  /** `fetch` that reaches servers of this trust and no others. */
  fetchFor(trust: Trust): typeof fetch {
    const key = keyOf(trust);
    const opened = this.#opened.get(key) ?? this.#open(trust);
    this.#opened.set(key, opened);
    return opened.fetch;
  }

  /** Connections for WebSockets to servers of this trust and no others. */
  connectFor(trust: Trust): PeerSockets["connect"] {
    return async (origin, signal) => await this.#socketsFor(trust).connect(origin, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#opened.values(), ...this.#sockets.values()];
    await Promise.all(all.map((opened) => opened[Symbol.asyncDispose]()));
  }

  #open(trust: Trust): PeerFetch {
    const identity = this.#identity;
    if (trust.by === "host") return openServerFetch({ identity, ca: trust.ca, timeoutMs });
    return openPeerFetch({ identity, peer: trust.id, timeoutMs });
  }

  #socketsFor(trust: Trust): PeerSockets {
    const identity = this.#identity;
    const key = keyOf(trust);
    const opened = this.#sockets.get(key) ??
      (trust.by === "host"
        ? openServerSockets({ identity, ca: trust.ca })
        : openPeerSockets({ identity, peer: trust.id }));
    this.#sockets.set(key, opened);
    return opened;
  }
}

function keyOf(trust: Trust): string {
  return trust.by === "spiffe" ? trust.id : trust.ca;
}
