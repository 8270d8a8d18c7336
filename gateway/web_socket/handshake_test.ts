import { deepEqual, equal, match, throws } from "node:assert/strict";
import {
  asksForWebSocket,
  HandshakeError,
  handshakeHead,
  protocolOf,
  ReplyReader,
} from "./handshake.ts";

/** The example of RFC 6455, section 1.3. */
const key = "dGhlIHNhbXBsZSBub25jZQ==";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const agreed = {
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-accept": accept,
};

function reply(headers: Record<string, string>) {
  return { status: 101, headers: new Headers(headers), rest: new Uint8Array() };
}

Deno.test("a reply is to this offer, with a subprotocol that was offered or none", () => {
  const offered = "v1, v2";
  equal(protocolOf(reply(agreed), { key, offered }), undefined);
  const chosen = { ...agreed, "sec-websocket-protocol": "v2" };
  equal(protocolOf(reply(chosen), { key, offered }), "v2");
  const wrong: Record<string, string>[] = [
    { ...agreed, "sec-websocket-accept": "x" },
    { ...agreed, upgrade: "h2c" },
    { ...agreed, connection: "keep-alive" },
    { ...agreed, "sec-websocket-protocol": "v3" },
    { ...agreed, "sec-websocket-extensions": "permessage-deflate" },
  ];
  for (const headers of wrong) {
    throws(() => protocolOf(reply(headers), { key, offered }), HandshakeError);
  }
});

Deno.test("what the client said of its own connection is said anew, the rest is passed on", () => {
  const head = handshakeHead({
    origin: "https://orders:4003",
    target: "/chat?room=1",
    headers: [
      ["sec-websocket-key", "the client's"],
      ["sec-websocket-extensions", "permessage-deflate"],
      ["sec-websocket-protocol", "v1"],
      ["authorization", "Bearer x"],
    ],
  }, key);
  match(head, /^GET \/chat\?room=1 HTTP\/1\.1\r\nhost: orders:4003\r\n/);
  match(head, /\r\nsec-websocket-protocol: v1\r\nauthorization: Bearer x\r\n/);
  equal(head.match(/sec-websocket-key: (.*)\r/)![1], key);
  equal(head.includes("permessage-deflate"), false);
  equal(head.endsWith("\r\n\r\n"), true);
});

Deno.test("nothing can be smuggled into the head", () => {
  const origin = "https://orders:4003";
  for (
    const [target, name, value] of [
      ["/", "x", "1\r\nevil: 1"],
      ["/", "x\r\nevil", "1"],
      ["/ HTTP/1.1\r\nevil: 1", "x", "1"],
    ] as const
  ) {
    throws(() => handshakeHead({ origin, target, headers: [[name, value]] }, key), HandshakeError);
  }
});

Deno.test("the head of a reply is read in pieces, and what follows is kept", () => {
  const text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest";
  const reader = new ReplyReader();
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length - 4; at++) {
    const reply = reader.feed(bytes.subarray(at, at + 1));
    equal(reply === undefined, at < bytes.length - 5, String(at));
  }
  const whole = new ReplyReader().feed(bytes)!;
  equal(whole.status, 101);
  deepEqual(whole.rest, new TextEncoder().encode("rest"));
});

Deno.test("a head without end, and one that is none, are refused", () => {
  const endless = new ReplyReader();
  throws(() => {
    for (let piece = 0; piece < 20; piece++) endless.feed(new Uint8Array(1_000).fill(65));
  }, HandshakeError);
  for (const text of ["HTTP/1.0 101 x\r\n\r\n", "HTTP/1.1 101 x\r\nno header\r\n\r\n"]) {
    throws(() => new ReplyReader().feed(new TextEncoder().encode(text)), HandshakeError);
  }
});

Deno.test("a request asks for a WebSocket by all that makes one", () => {
  const headers = { upgrade: "WebSocket", "sec-websocket-key": key };
  const asks = (init: RequestInit) => asksForWebSocket(new Request("https://edge.test", init));
  equal(asks({ headers }), true);
  equal(asks({ headers, method: "POST" }), false);
  equal(asks({ headers: { upgrade: "h2c" } }), false);
});
