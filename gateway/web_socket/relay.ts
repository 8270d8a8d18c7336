import type { Clock } from "../balancing/mod.ts";
import { isCloseCode } from "./frame_reader.ts";
import type { ServiceSocket } from "./service_socket.ts";

/** Bounds of one WebSocket. */
export interface RelayLimits {
  /** A message larger than this ends it. */
  readonly messageBytesMax: number;
  /** More than this must not wait for either side: the client is made to go, the service to wait. */
  readonly bufferedBytesMax: number;
  /** How long nothing may be heard from either side. */
  readonly idleTimeoutMs: number;
  /** How long it may live at all. */
  readonly lifetimeMsMax: number;
}

export interface RelayOptions {
  /** Accepted, and on its way to be open. */
  readonly client: WebSocket;
  readonly service: ServiceSocket;
  readonly limits: RelayLimits;
  readonly clock: Clock;
  /** Called once, when both sides are told. */
  readonly onEnd: () => void;
}

/** Why the gateway ends a WebSocket, by the codes of RFC 6455, section 7.4.1. */
const ends = {
  idle: [1001, "Nothing was said for too long"],
  lifetime: [1001, "Nothing lasts this long here"],
  tooSlow: [1008, "The service cannot take this as fast"],
  tooLarge: [1009, "The message is too large"],
} as const satisfies Record<string, readonly [number, string]>;

/** How often a client that is slow to read is looked at. */
const lookMs = 20;

/** Carries messages both ways between a client and a service, until either goes or a limit is met. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #timers = new Set<Disposable>();
  #idle: Disposable | undefined;
  #heardMs: number;
  #isOver = false;
  readonly #clientGone = Promise.withResolvers<void>();

  constructor(options: RelayOptions) {
    this.#options = options;
    const { client, limits, clock } = options;
    this.#heardMs = clock.nowMs();
    client.binaryType = "arraybuffer";
    client.onopen = () => this.#open();
    client.onmessage = ({ data }) => this.#fromClient(data);
    client.onclose = ({ code, reason }) => this.#clientLeft(code, reason);
    // What is wrong comes out as a close, too.
    client.onerror = () => {};
    this.endAfter(limits.lifetimeMsMax, ...ends.lifetime);
    this.#awaitWord(limits.idleTimeoutMs);
  }

  /** Ends it later, for a reason that is known now. */
  endAfter(delayMs: number, code: number, reason: string): void {
    this.#timers.add(this.#options.clock.after(delayMs, () => this.end(code, reason)));
  }

  /** Resolves when both sides have taken their leave. */
  async gone(): Promise<void> {
    await Promise.all([this.#clientGone.promise, this.#options.service.gone]);
  }

  /** Tells both sides that it is over. */
  end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#options.service.closeWith(code, reason);
    this.#closeClient(code, reason);
    this.#finish();
  }

  #open(): void {
    this.#options.service.listen({
      message: (data) => this.#fromService(data),
      heard: () => this.#heard(),
      closed: (code, reason) => this.#serviceLeft(code, reason),
    });
  }

  #fromClient(data: string | ArrayBuffer): void {
    const { service, limits: { messageBytesMax, bufferedBytesMax } } = this.#options;
    if (this.#isOver) return;
    this.#heard();
    const message = typeof data === "string" ? data : new Uint8Array(data);
    if (message.length > messageBytesMax) return this.end(...ends.tooLarge);
    // The runtime goes on reading from a client, whatever we do: it can only be sent away.
    if (service.bufferedBytes > bufferedBytesMax) return this.end(...ends.tooSlow);
    service.send(message);
  }

  #fromService(data: string | Uint8Array<ArrayBuffer>): void {
    const { client, service, limits } = this.#options;
    if (this.#isOver || client.readyState !== WebSocket.OPEN) return;
    this.#heard();
    client.send(data);
    if (client.bufferedAmount <= limits.bufferedBytesMax) return;
    service.hold();
    this.#lookAgain();
  }

  /** The runtime does not tell when a client has taken what it was sent. */
  #lookAgain(): void {
    const { client, service, limits, clock } = this.#options;
    const look = clock.after(lookMs, () => {
      this.#timers.delete(look);
      if (this.#isOver) return;
      if (client.bufferedAmount > limits.bufferedBytesMax / 2) return this.#lookAgain();
      service.flow();
    });
    this.#timers.add(look);
  }

  #heard(): void {
    this.#heardMs = this.#options.clock.nowMs();
  }

  /** One timer for as long as it is quiet, not one for each message. */
  #awaitWord(delayMs: number): void {
    const { clock, limits: { idleTimeoutMs } } = this.#options;
    this.#idle = clock.after(delayMs, () => {
      const leftMs = this.#heardMs + idleTimeoutMs - clock.nowMs();
      if (leftMs > 0) this.#awaitWord(leftMs);
      else this.end(...ends.idle);
    });
  }

  #clientLeft(code: number, reason: string): void {
    this.#clientGone.resolve();
    if (this.#isOver) return;
    this.#options.service.closeWith(isCloseCode(code) ? code : undefined, reason);
    this.#finish();
  }

  #serviceLeft(code: number | undefined, reason: string): void {
    if (this.#isOver) return;
    // 1011 for a connection that broke: the client is to know that the service did not mean to go.
    this.#closeClient(code === undefined || isCloseCode(code) ? code : 1011, reason);
    this.#finish();
  }

  #closeClient(code: number | undefined, reason: string): void {
    try {
      this.#options.client.close(code, reason);
    } catch {
      // It has gone already.
    }
  }

  #finish(): void {
    this.#isOver = true;
    this.#idle?.[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
    this.#options.onEnd();
  }
}
