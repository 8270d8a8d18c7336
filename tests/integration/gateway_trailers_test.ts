import { equal, match, ok } from "node:assert/strict";
import { aListeningGateway, asksOf } from "../security/gateway_fixture.ts";
import { within } from "../security/tls_fixture.ts";

const limitMs = 10_000;
/** More than one read from a connection gives. */
const longBody = "a line of the answer\n".repeat(20_000);
const trailers = "x-checksum: secret-sum\r\nserver-timing: db;dur=5\r\n";

function chunked(body: string): string {
  const half = Math.floor(body.length / 2);
  const chunks = [body.slice(0, half), body.slice(half)].map((part) =>
    `${part.length.toString(16)}\r\n${part}\r\n`
  );
  return "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum, server-timing\r\n\r\n" +
    `${chunks.join("")}0\r\n${trailers}\r\n`;
}

Deno.test("trailers of an answer are dropped, and the answer is whole without them", async () => {
  await using gateway = await aListeningGateway({
    answer: ({ line }) => chunked(line.includes("/long") ? longBody : "short"),
  });
  for (const version of ["h1", "h2"] as const) {
    using client = Deno.createHttpClient({
      caCerts: [gateway.ca],
      http1: version === "h1",
      http2: version === "h2",
    });
    for (const [path, body] of [["short", "short"], ["long", longBody]] as const) {
      const response = await within(
        limitMs,
        fetch(`https://${gateway.host}/public/${path}`, { client }),
      );
      equal(response.status, 200);
      equal(response.headers.get("trailer"), null, "nothing is announced that will not come");
      equal(response.headers.get("x-checksum"), null);
      equal(await within(limitMs, response.text()), body);
    }
  }
});

Deno.test("trailers of an answer are no bytes of the next one", async () => {
  await using gateway = await aListeningGateway({ answer: () => chunked("short") });
  await using client = await gateway.connect();
  const asked = `GET /public/one HTTP/1.1\r\nhost: ${gateway.host}\r\n`;
  client.send(`${asked}te: trailers\r\n\r\n${asked}connection: close\r\n\r\n`);
  await within(limitMs, client.closed());
  equal(client.heard.match(/HTTP\/1\.1 200 /g)?.length, 2);
  equal(client.heard.match(/short/g)?.length, 2);
  ok(!/secret-sum|dur=5|trailer/i.test(client.heard), client.heard);
});

Deno.test("trailers of a request are dropped, and the service is offered none", async () => {
  await using gateway = await aListeningGateway();
  await using client = await gateway.connect();
  client.send(
    `POST /public/two HTTP/1.1\r\nhost: ${gateway.host}\r\ntransfer-encoding: chunked\r\n` +
      `te: trailers\r\ntrailer: x-checksum\r\n\r\n5\r\nhello\r\n0\r\n${trailers}\r\n`,
  );
  await within(limitMs, client.hears("\r\n\r\nok"));
  const [request] = asksOf(gateway.upstream, "/public/two");
  equal(request?.body, "hello");
  equal(request?.headers.filter(([name]) => /^te$|trailer|x-checksum/.test(name)).length, 0);
  ok(!gateway.upstream.bytes.includes("secret-sum"));
  match(client.heard, /^HTTP\/1\.1 200 /);
});
