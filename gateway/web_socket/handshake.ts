import { createHash } from "node:crypto";

/** Of RFC 6455, section 1.3. */
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const version = "13";
const headBytesMax = 16_384;
const token = /^[\w!#$%&'*+.^`|~-]+$/;
const forbiddenInValue = /[\0\r\n]/;

/** By these each hop tells the next of its own connection: what the client said of its own ends here. */
const perHop = new Set([
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "accept-encoding",
]);

export interface Offer {
  readonly origin: string;
  /** With its query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What a server said to an offer. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** What came behind the head. */
  readonly rest: Uint8Array;
}

/** The server agreed to something else than what was offered, or to nothing that can be read. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
}

/** Whether the request asks for its connection to become a WebSocket (HTTP/1.1 only). */
export function asksForWebSocket({ method, headers }: Request): boolean {
  return method === "GET" && headers.get("upgrade")?.trim().toLowerCase() === "websocket" &&
    headers.get("sec-websocket-key") !== null;
}

export function newKey(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toBase64();
}

/** @throws {HandshakeError} when a header cannot stand in a head. */
export function handshakeHead({ origin, target, headers }: Offer, key: string): string {
  const sent = headers.filter(([name]) => !perHop.has(name));
  const host = sent.some(([name]) => name === "host") ? [] : [["host", new URL(origin).host]];
  const lines = [...host, ...sent, ["connection", "Upgrade"], ["upgrade", "websocket"], [
    "sec-websocket-key",
    key,
  ], ["sec-websocket-version", version]].map(([name, value]) => {
    if (!token.test(name!) || forbiddenInValue.test(value!)) {
      throw new HandshakeError(`Cannot open WebSocket: "${name}" is no header`);
    }
    return `${name}: ${value}\r\n`;
  });
  if (/[\s\0]/.test(target)) throw new HandshakeError("Cannot open WebSocket: no such target");
  return `GET ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Puts the head of a reply together as its bytes arrive. */
export class ReplyReader {
  #bytes: Uint8Array = new Uint8Array();

  /** @returns the reply, once its head is whole. @throws {HandshakeError} */
  feed(chunk: Uint8Array): Reply | undefined {
    const bytes = new Uint8Array(this.#bytes.length + chunk.length);
    bytes.set(this.#bytes);
    bytes.set(chunk, this.#bytes.length);
    this.#bytes = bytes;
    const end = endOfHead(bytes);
    if (end < 0) {
      if (bytes.length > headBytesMax) throw new HandshakeError("Cannot read reply: too long");
      return undefined;
    }
    const head = Array.from(bytes.subarray(0, end), (byte) => String.fromCharCode(byte)).join("");
    return { ...parseHead(head), rest: bytes.subarray(end + 4) };
  }
}

/**
 * The subprotocol that the server chose; undefined for none.
 *
 * @throws {HandshakeError} when the reply is not one to this offer (RFC 6455, section 4.1).
 */
export function protocolOf({ headers }: Reply, { key, offered }: {
  readonly key: string;
  /** As the client sent it. */
  readonly offered: string | null;
}): string | undefined {
  const accept = createHash("sha1").update(key + guid).digest("base64");
  if (
    headers.get("sec-websocket-accept") !== accept ||
    headers.get("upgrade")?.toLowerCase() !== "websocket" ||
    !namesOf(headers.get("connection")).some((name) => name.toLowerCase() === "upgrade")
  ) throw new HandshakeError("Cannot open WebSocket: the server answers something else");
  if (headers.has("sec-websocket-extensions")) {
    throw new HandshakeError("Cannot open WebSocket: the server extends what nobody offered");
  }
  const chosen = headers.get("sec-websocket-protocol");
  if (chosen === null) return undefined;
  if (namesOf(offered).includes(chosen)) return chosen;
  throw new HandshakeError("Cannot open WebSocket: the server chose what nobody offered");
}

function parseHead(head: string): { readonly status: number; readonly headers: Headers } {
  const [start = "", ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(start)?.[1];
  if (status === undefined) throw new HandshakeError("Cannot read reply: no status");
  const headers = new Headers();
  for (const line of lines) {
    const at = line.indexOf(":");
    if (at < 1 || !token.test(line.slice(0, at))) {
      throw new HandshakeError("Cannot read reply: no header");
    }
    headers.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  return { status: Number(status), headers };
}

function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

function namesOf(list: string | null): string[] {
  return (list ?? "").split(",").map((name) => name.trim());
}
