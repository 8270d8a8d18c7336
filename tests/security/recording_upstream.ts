import tls, { type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import type { TlsIdentity } from "platform/tls";
import { closable } from "tools/servers/closable";

/** One request, as its bytes came in. */
export interface RecordedRequest {
  readonly line: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Gives the bytes of an answer, whole. */
export type RawAnswer = (request: RecordedRequest, socket: TLSSocket) => string | undefined;

/** A service that reads strictly, and keeps every byte that it was sent. */
export interface RecordingUpstream extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  /** What it was sent that is no well-formed request. */
  readonly faults: readonly string[];
  /** Of all connections together. */
  readonly bytes: string;
}

const sayOk: RawAnswer = () => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Listens with mutual TLS: written over `node:tls` so that no HTTP parser comes between. */
export async function aRecordingUpstream(
  { material: { cert, key, ca } }: TlsIdentity,
  answer: RawAnswer = sayOk,
): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = [];
  const faults: string[] = [];
  let bytes = "";
  const server = tls.createServer({
    cert,
    key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["http/1.1"],
  }, (socket) => {
    socket.on("error", () => socket.destroy());
    let unread = "";
    socket.on("data", (piece) => {
      const text = piece.toString("latin1");
      bytes += text;
      unread += text;
      try {
        for (let read = readRequest(unread); read; read = readRequest(unread)) {
          unread = unread.slice(read.length);
          requests.push(read.request);
          const answered = answer(read.request, socket);
          if (answered !== undefined) socket.write(answered, "latin1");
        }
      } catch (thrown) {
        faults.push(String(thrown));
        socket.destroy();
      }
    });
  });
  const close = closable(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    faults,
    get bytes() {
      return bytes;
    },
    [Symbol.asyncDispose]: close,
  };
}

interface Read {
  readonly request: RecordedRequest;
  /** Of the whole request, in the text. */
  readonly length: number;
}

const requestLine = /^[!#$%&'*+.^_`|~A-Z0-9a-z-]+ \/[\x21-\x7e]* HTTP\/1\.1$/;
// deno-lint-ignore no-control-regex -- control characters are what it keeps out.
const headerLine = /^([!#$%&'*+.^_`|~A-Z0-9a-z-]+): ?([^\x00-\x08\x0a-\x1f\x7f]*)$/;

/**
 * The first request in `text`; undefined while it is not all there.
 *
 * @throws for what RFC 9112 would let a server read in two ways.
 */
function readRequest(text: string): Read | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...lines] = text.slice(0, end).split("\r\n");
  if (!requestLine.test(line)) throw new Error(`Request line: ${JSON.stringify(line)}`);
  const headers = lines.map((one) => {
    const [, name, value] = headerLine.exec(one) ?? [];
    if (name === undefined) throw new Error(`Header line: ${JSON.stringify(one)}`);
    return [name.toLowerCase(), value!.trim()] as const;
  });
  const all = (name: string) => headers.filter(([one]) => one === name).map(([, value]) => value);
  const [lengths, codings] = [all("content-length"), all("transfer-encoding")];
  if (all("host").length !== 1) throw new Error(`Hosts: ${all("host")}`);
  if (lengths.length + codings.length > 1) throw new Error(`Framing: ${lengths} ${codings}`);
  const bodyAt = end + 4;
  if (codings.length > 0) {
    if (codings[0] !== "chunked") throw new Error(`Coding: ${codings[0]}`);
    const chunks = readChunks(text, bodyAt);
    return chunks && { request: { line, headers, body: chunks.body }, length: chunks.end };
  }
  const [length = "0"] = lengths;
  if (!/^\d{1,15}$/.test(length)) throw new Error(`Length: ${length}`);
  const requestEnd = bodyAt + Number(length);
  if (text.length < requestEnd) return undefined;
  return { request: { line, headers, body: text.slice(bodyAt, requestEnd) }, length: requestEnd };
}

function readChunks(
  text: string,
  start: number,
): { readonly body: string; readonly end: number } | undefined {
  let body = "";
  for (let at = start;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = text.slice(at, lineEnd);
    if (!/^[0-9A-Fa-f]{1,8}$/.test(size)) throw new Error(`Chunk size: ${JSON.stringify(size)}`);
    const dataEnd = lineEnd + 2 + parseInt(size, 16);
    if (text.length < dataEnd + 2) return undefined;
    if (text.slice(dataEnd, dataEnd + 2) !== "\r\n") throw new Error("A chunk without its end");
    body += text.slice(lineEnd + 2, dataEnd);
    at = dataEnd + 2;
    if (parseInt(size, 16) === 0) return { body, end: at };
  }
}
