import { deepEqual, equal, throws } from "node:assert/strict";
import { messageLimits, parseRequestHead } from "./mod.ts";

const parse = (head: string) => parseRequestHead(head, messageLimits);
const asked = (line: string) => parse(`${line}\r\nhost: a.example\r\n`);

Deno.test("The head of a request tells what is asked for, as the client wrote it", () => {
  const head = parse(
    "POST /a/../%2f?q=1 HTTP/1.1\r\nHost: a.example:8443\r\nContent-Length: 3\r\n",
  );
  equal(head.method, "POST");
  equal(head.url, "http://a.example:8443/a/../%2f?q=1");
  deepEqual(head.fields, ["host", "a.example:8443", "content-length", "3"]);
  deepEqual(head.framing, { kind: "length", bytes: 3 });
  equal(head.isKeptAlive, true);
  equal(asked("GET https://b.example/x HTTP/1.1").url, "https://b.example/x");
  equal(asked("OPTIONS * HTTP/1.1").url, "http://a.example/*");
});

Deno.test("A request line that can be read in two ways is refused", () => {
  const hostile = [
    "GET  / HTTP/1.1",
    " GET / HTTP/1.1",
    "GET / HTTP/1.1 ",
    "GET / http/1.1",
    "GET / HTTP/1.10",
    "GET /",
    "GET /a b HTTP/1.1",
    "GET /\ta HTTP/1.1",
    "GET /caf\xe9 HTTP/1.1",
    "GET /\x00 HTTP/1.1",
    "GET /a#b HTTP/1.1",
    "GET a HTTP/1.1",
    "GET * HTTP/1.1",
    "GET ftp://a.example/ HTTP/1.1",
    "GET http://user@a.example/ HTTP/1.1",
    "GET http:///a HTTP/1.1",
    "CONNECT a.example:443 HTTP/1.1",
    "G(T / HTTP/1.1",
    "",
  ];
  for (const line of hostile) {
    throws(() => asked(line), { fault: "malformed" }, JSON.stringify(line));
  }
  throws(() => asked("GET / HTTP/2.0"), { fault: "unknownVersion" });
});

Deno.test("A request names one host, and one that can be one", () => {
  const hostile = [
    "",
    "host: a\r\nhost: a\r\n",
    "host:\r\n",
    "host: a/b\r\n",
    "host: a b\r\n",
    "host: a@b\r\n",
  ];
  for (const fields of hostile) {
    throws(() => parse(`GET / HTTP/1.1\r\n${fields}`), { fault: "malformed" }, fields);
  }
  equal(parse("GET / HTTP/1.0\r\n").url, "http:///");
  throws(() => parse("GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n"), { fault: "malformed" });
});

Deno.test("A connection is kept where version and head allow it", () => {
  const isKept = (version: string, fields: string) =>
    parse(`GET / HTTP/${version}\r\nhost: a\r\n${fields}`).isKeptAlive;
  equal(isKept("1.1", ""), true);
  equal(isKept("1.1", "connection: Close\r\n"), false);
  equal(isKept("1.0", ""), false);
  equal(isKept("1.0", "connection: keep-alive\r\n"), false);
});

Deno.test("A client may expect to be told to go on, and nothing else", () => {
  const expecting = (value: string, version = "1.1") =>
    parse(`POST / HTTP/${version}\r\nhost: a\r\nexpect: ${value}\r\ncontent-length: 1\r\n`);
  equal(expecting("100-Continue").expectsContinue, true);
  equal(expecting("100-continue", "1.0").expectsContinue, false);
  throws(() => expecting("a miracle"), { fault: "unknownExpectation" });
});

Deno.test("A version that knows no chunks sends none", () => {
  const head = "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n";
  throws(() => parse(head), { fault: "malformed" });
});
