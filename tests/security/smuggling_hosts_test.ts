// Two readings of which host a request is for: no Host, two, odd ones, absolute-form and CONNECT (RFC 9112, section 3.2; CWE-444).
import { deepEqual, equal } from "node:assert/strict";
import { asksOf, sendBytes } from "./gateway_fixture.ts";
import { anImpatientGateway, areRefused, type Attack, becomeOne } from "./smuggling_fixture.ts";

/** Lines in place of the one Host; `@` stands for what clients call the gateway. */
const hosts: readonly (readonly [name: string, lines: string])[] = [
  ["none", ""],
  ["an empty one", "Host:\r\n"],
  ["two", "Host: @\r\nHost: evil.example\r\n"],
  ["two, ours last", "Host: evil.example\r\nHost: @\r\n"],
  ["the same twice", "Host: @\r\nHost: @\r\n"],
  ["two in one", "Host: @, evil.example\r\n"],
  ["two with a space between", "Host: @ evil.example\r\n"],
  ["a space before the colon", "Host : @\r\n"],
  ["a folded one", "Host:\r\n @\r\n"],
  ["a space before the name", " Host: @\r\n"],
  ["somebody before the host", "Host: admin@@\r\n"],
  ["a path behind it", "Host: @/admin\r\n"],
  ["a query behind it", "Host: @?x\r\n"],
  ["a fragment behind it", "Host: @#x\r\n"],
  ["a backslash", "Host: evil\\@\r\n"],
  ["a scheme before it", "Host: https://@\r\n"],
  ["a port of letters", "Host: localhost:http\r\n"],
  ["two ports", "Host: @:443\r\n"],
  ["a NUL", "Host: @\0\r\n"],
  ["letters beyond ASCII", "Host: loc\xe4lhost\r\n"],
  ["percent-encoding", "Host: local%68ost\r\n"],
  ["a quote", 'Host: "@"\r\n'],
];

Deno.test("A request that does not name one host, in one way, is refused", async () => {
  await areRefused(hosts.map(([name, lines]): Attack => [name, ({ id, host }) => {
    return `GET /public/${id} HTTP/1.1\r\n${lines.replaceAll(/@(?!@)/g, host)}\r\n`;
  }]));
});

Deno.test("HTTP/1.0 does not excuse the Host", async () => {
  await areRefused([
    ["none", ({ id }) => `GET /public/${id} HTTP/1.0\r\n\r\n`],
    ["two", ({ id, host }) => {
      return `GET /public/${id} HTTP/1.0\r\nHost: ${host}\r\nHost: evil.example\r\n\r\n`;
    }],
  ]);
});

/** Where an absolute target points; `@` stands for what clients call the gateway. */
const targets = [
  "https://evil.example",
  "http://evil.example",
  "https://@@evil.example",
  "https://evil.example#@",
  "https://localhost:1",
  "https://localhost",
  "//evil.example",
  "ftp://evil.example",
  "file://",
];

Deno.test("A target that names another host than the Host is refused", async () => {
  await areRefused(targets.map((target): Attack => [target, ({ id, host }) => {
    const origin = target.replaceAll(/@(?!@)/g, host);
    return `GET ${origin}/public/${id} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  }]));
});

Deno.test("A target that is absolute and names the same host is told to the service as a path", async () => {
  await becomeOne([["https", ({ id, host }) => {
    return `GET https://${host}/public/${id} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  }, ""]]);
});

Deno.test("No tunnel is opened by CONNECT, and * is nobody's path", async () => {
  await using gateway = await anImpatientGateway();
  const { host, upstream } = gateway;
  const outcomes = await Promise.all([
    `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `CONNECT localhost:${upstream.port} HTTP/1.1\r\nHost: localhost:${upstream.port}\r\n\r\n`,
    `CONNECT /public/one HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `GET * HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `GET public HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  ].map((text) => sendBytes(gateway, text)));
  deepEqual(outcomes.filter(({ statuses: [status = 400] }) => status < 400), []);
  equal(upstream.bytes, "");
});

Deno.test("The service is told the host that was asked for once, in the gateway's words", async () => {
  await using gateway = await anImpatientGateway();
  const { host, upstream } = gateway;
  const claims =
    "X-Forwarded-Host: evil.example\r\nX-Host: evil.example\r\nForwarded: host=evil\r\n";
  await sendBytes(gateway, `GET /public/one HTTP/1.1\r\nHost: ${host}\r\n${claims}\r\n`);
  const [request] = asksOf(upstream, "/public/one");
  const told = request!.headers.filter(([, value]) => value.includes("evil") || value === host);
  deepEqual(told, [["x-forwarded-host", host]]);
});
