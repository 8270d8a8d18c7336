import { Buffer } from "node:buffer";
import type { TLSSocket } from "node:tls";
import {
  HeadBuffer,
  listsToken,
  MessageError,
  type MessageFault,
  messageLimits,
  parseRequestHead,
  type RequestHead,
  type Wire,
} from "platform/http1";
import { problemResponse } from "platform/problem";
import { type AnswerSink, writeAnswer } from "./answer_writer.ts";
import type { FrontConnection, Peer } from "./connection.ts";
import { ConnectionDeadlines, type CutReason, type Delivery } from "./connection_deadlines.ts";
import { Http1Turn } from "./http1_turn.ts";
import { messageRefusal } from "./message_refusal.ts";
import type { NativeReads } from "./native_reads.ts";
import type { PeerCertificate } from "./peer_certificate.ts";
import { ReadValve } from "./read_valve.ts";
import type { ServerLimits } from "./server_limits.ts";
import { drainOf } from "./socket_drain.ts";

export interface Http1ConnectionOptions {
  readonly client: TLSSocket;
  /** Of `client`. */
  readonly reads: NativeReads;
  readonly peer: Peer;
  readonly certificate: PeerCertificate | undefined;
  readonly limits: ServerLimits;
  readonly onCut: (reason: CutReason) => void;
  /** Never throws, and never fails. */
  readonly answer: (request: Request, peer: Peer) => Promise<Response>;
  /** Takes the connection over, from the request that has just begun: one that would become a WebSocket. */
  readonly handOver: (bytes: Uint8Array) => void;
}

function wantsWebSocket({ method, framing, fields }: RequestHead): boolean {
  const isBodiless = framing.kind === "length" && framing.bytes === 0;
  return method === "GET" && isBodiless && listsToken(fields, "upgrade", "websocket");
}

/** RFC 9112, section 2.2: old clients send one behind a body. */
const emptyLinesMax = 2;
/** Bytes of the next requests that may wait for the answer to this one. */
const aheadBytesMax = 65_536;
/** What is read, and dropped, behind an answer that left before all of its request had come. */
const lingerBytesMax = 1_048_576;
const lingerMs = 1_000;

/** One client's connection in HTTP/1.1: one request after the other, each held to the connection's limits. */
export class Http1Connection implements AnswerSink, FrontConnection {
  readonly peer: Peer;
  readonly certificate: PeerCertificate | undefined;
  readonly #client: TLSSocket;
  readonly #valve: ReadValve;
  readonly #deadlines: ConnectionDeadlines;
  readonly #answer: Http1ConnectionOptions["answer"];
  readonly #heads = new HeadBuffer(messageLimits, emptyLinesMax);
  readonly #ahead: Uint8Array[] = [];
  #aheadBytes = 0;
  #turn: Http1Turn | undefined;
  #isClosing = false;
  #isEnding = false;
  #lingeredBytes = 0;
  #takenBytes = 0;
  readonly #handOver: Http1ConnectionOptions["handOver"];
  readonly #onData = (bytes: Uint8Array) => this.#take(bytes);
  readonly #onEnd = () => this.#gone();
  readonly #onClose = () => {
    this.#deadlines[Symbol.dispose]();
    this.#gone();
  };

  constructor(options: Http1ConnectionOptions) {
    const { client, reads, peer, certificate, limits, onCut, answer, handOver } = options;
    this.#client = client;
    this.#valve = new ReadValve(client, reads);
    this.#answer = answer;
    this.peer = peer;
    this.certificate = certificate;
    this.#deadlines = new ConnectionDeadlines({
      limits,
      isSerial: true,
      expiresInMs: certificate ? certificate.validToMs - Date.now() : Infinity,
      delivery: () => this.#delivery(),
      cut: (reason) => {
        onCut(reason);
        this.cut();
      },
    });
    this.#handOver = handOver;
    client.on("data", this.#onData);
    client.once("end", this.#onEnd);
    client.once("close", this.#onClose);
  }

  get isOpen(): boolean {
    return !this.#client.destroyed;
  }

  write(wire: Wire): boolean {
    return this.#client.write(wire, "latin1");
  }

  drained(): Promise<void> {
    return drainOf(this.#client);
  }

  whenGone(act: () => void): () => void {
    this.#client.once("close", act);
    return () => void this.#client.off("close", act);
  }

  /** Lets the request in flight finish, then closes. */
  closeWhenIdle(): void {
    this.#isClosing = true;
    this.#deadlines.closeWhenIdle();
    if (!this.#turn && !this.#isEnding) this.#end();
  }

  /** Closes now, whatever is in flight. */
  cut(): void {
    this.#client.destroy();
  }

  #gone(): void {
    this.#turn?.abort(new DOMException("The client has gone", "AbortError"));
    // What it says goodbye to may still be on its way to it.
    if (this.#isEnding && !this.#turn) this.#client.destroySoon();
    else this.#client.destroy();
  }

  #take(bytes: Uint8Array): void {
    this.#deadlines.bytesArrived();
    if (this.#isEnding) return this.#drop(bytes);
    if (this.#turn) this.#feed(this.#turn, bytes);
    else this.#read(bytes);
  }

  #read(bytes: Uint8Array): void {
    try {
      const found = this.#heads.feed(bytes);
      if (!found) return;
      const head = parseRequestHead(found.head, messageLimits);
      if (wantsWebSocket(head)) return this.#leave(found);
      const turn = this.#begin(head);
      this.#feed(turn, found.rest);
      this.#serve(turn);
    } catch (thrown) {
      this.#refuse(thrown instanceof MessageError ? thrown.fault : "malformed");
    }
  }

  /** From here on the connection is another's, who reads the request from its first byte. */
  #leave({ head, rest }: { readonly head: string; readonly rest: Uint8Array }): void {
    this.#client.off("data", this.#onData);
    this.#client.off("end", this.#onEnd);
    this.#client.off("close", this.#onClose);
    this.#deadlines[Symbol.dispose]();
    this.#client.pause();
    this.#valve.hold();
    this.#handOver(Buffer.concat([Buffer.from(`${head}\r\n`, "latin1"), rest]));
  }

  #feed(turn: Http1Turn, bytes: Uint8Array): void {
    try {
      const rest = turn.feed(bytes);
      if (rest.length > 0) this.#keep(rest);
    } catch (thrown) {
      // Whoever reads the request answers for it, and the connection ends with that answer.
      this.#isEnding = true;
      turn.fail(thrown);
    }
  }

  #begin(head: RequestHead): Http1Turn {
    const turn = new Http1Turn({
      head,
      write: (wire) => void this.write(wire),
      hold: () => this.#valve.hold(),
      flow: () => this.#valve.flow(),
    });
    this.#turn = turn;
    this.#deadlines.requestBegan();
    return turn;
  }

  async #serve(turn: Http1Turn): Promise<void> {
    const { method, isVersion11, isKeptAlive } = turn.head;
    const mustClose = () => {
      turn.answered();
      return this.#isClosing || this.#deadlines.isClosing || !isKeptAlive || !turn.isReceived;
    };
    try {
      const response = await this.#answer(turn.request, this.peer);
      const isKept = await writeAnswer(response, this, { method, isVersion11, mustClose });
      this.#deadlines.requestEnded();
      // A client that asks on and on, and takes nothing, has its answers wait for it one at a time.
      if (this.#client.writableNeedDrain) await this.drained();
      this.#turn = undefined;
      if (isKept) this.#next();
      else this.#end();
    } catch {
      // What the client has of the answer is not whole, and this is how it learns of it.
      this.cut();
    }
  }

  /** Reads what has come ahead of its turn. */
  #next(): void {
    const ahead = this.#ahead.splice(0);
    this.#aheadBytes = 0;
    this.#valve.flow();
    if (this.#isClosing) return this.#end();
    if (ahead.length > 0) this.#take(Buffer.concat(ahead));
  }

  #keep(bytes: Uint8Array): void {
    this.#ahead.push(bytes);
    this.#aheadBytes += bytes.length;
    if (this.#aheadBytes >= aheadBytesMax) this.#valve.hold();
  }

  /** Nothing that follows on this connection can be trusted to be a request. */
  #refuse(fault: MessageFault): void {
    this.#isEnding = true;
    this.#deadlines.requestBegan();
    const answering = { method: "GET", isVersion11: true, mustClose: () => true };
    writeAnswer(problemResponse(messageRefusal(fault)), this, answering)
      .then(() => this.#end(), () => this.cut())
      .finally(() => this.#deadlines.requestEnded());
  }

  /**
   * Says goodbye behind the last answer. A client that is still sending is listened to for a while, or it
   * would lose the answer with the connection.
   */
  #end(): void {
    this.#isEnding = true;
    this.#valve.flow();
    this.#client.end();
    const over = setTimeout(() => this.#cutUnlessDelivering(), lingerMs);
    this.#client.once("close", () => clearTimeout(over));
  }

  #cutUnlessDelivering(): void {
    // Who is slow to take the last answer is for the deadlines to judge.
    if (this.#client.writableLength === 0) this.cut();
  }

  #drop(bytes: Uint8Array): void {
    this.#lingeredBytes += bytes.length;
    if (this.#lingeredBytes > lingerBytesMax) this.cut();
  }

  #delivery(): Delivery {
    const { bytesWritten, writableLength } = this.#client;
    const takenBytes = bytesWritten - writableLength;
    const hasMoved = takenBytes > this.#takenBytes;
    this.#takenBytes = takenBytes;
    return { isPending: writableLength > 0, hasMoved };
  }
}
