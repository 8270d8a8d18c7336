import { gatewayRuntimeFlag } from "tools/platform";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { anEdgeScene } from "../fixtures/edge_scene.ts";
import { within } from "../security/tls_fixture.ts";

const mebibyte = 1_048_576;
/** What the buffers of the system and of TLS on the way may swallow, with room to spare. */
const heldBytesMax = 32 * mebibyte;
const stallMs = 400;
const limitMs = 20_000;

for (const version of ["h1", "h2"] as const) {
  Deno.test(`an event arrives before the next is sent (${version})`, async () => {
    const seen = Promise.withResolvers<void>();
    await using scene = await anEdgeScene({
      service: () => new Response(eventsUntil(seen.promise), { headers: eventStream }),
    });
    using client = scene.client(version);
    const answer = await fetch(`${scene.url}/open`, { client });
    equal(answer.headers.get("content-type"), "text/event-stream");
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    equal((await within(limitMs, reader.read())).value, "data: first\n\n");
    seen.resolve();
    equal((await within(limitMs, reader.read())).value, "data: second\n\n");
    equal((await reader.read()).done, true);
  });

  Deno.test(`a client that leaves takes its request to the service with it (${version})`, async () => {
    const begun = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<void>();
    await using scene = await anEdgeScene({
      async service({ signal }) {
        signal.addEventListener("abort", () => cancelled.resolve());
        begun.resolve();
        await cancelled.promise;
        return new Response();
      },
    });
    using client = scene.client(version);
    const leaving = new AbortController();
    const answer = fetch(`${scene.url}/open`, { client, signal: leaving.signal });
    answer.catch(() => {});
    await within(limitMs, begun.promise);
    leaving.abort();
    await within(limitMs, cancelled.promise);
  });

  Deno.test(`a client that leaves in the middle of an answer ends it at the service (${version})`, async () => {
    const cancelled = Promise.withResolvers<void>();
    await using scene = await anEdgeScene({
      service: () => {
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel: () => cancelled.resolve(),
        });
        return new Response(body);
      },
    });
    using client = scene.client(version);
    const leaving = new AbortController();
    const answer = await fetch(`${scene.url}/open`, { client, signal: leaving.signal });
    const reader = answer.body!.getReader();
    equal((await reader.read()).value!.length, 10);
    leaving.abort();
    await reader.read().catch(() => {});
    await within(limitMs, cancelled.promise);
  });
}

Deno.test("an answer that nobody reads stands still at the service", async () => {
  const made = { bytes: 0 };
  await using scene = await anEdgeScene({
    drainMs: 100,
    service: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            made.bytes += 65_536;
            controller.enqueue(new Uint8Array(65_536));
          },
        }, { highWaterMark: 0 }),
      ),
  });
  using client = await Deno.connectTls({
    hostname: "localhost",
    port: scene.edge.port,
    caCerts: [scene.ca.pem.cert],
    alpnProtocols: ["http/1.1"],
  });
  const head = `GET /open HTTP/1.1\r\nhost: localhost:${scene.edge.port}\r\n\r\n`;
  await client.write(new TextEncoder().encode(head));
  for (let before = -1; made.bytes === 0 || made.bytes !== before;) {
    before = made.bytes;
    await new Promise((resolve) => setTimeout(resolve, stallMs));
    ok(made.bytes < 2 * heldBytesMax, `${made.bytes} bytes were made for nobody`);
  }
  ok(made.bytes < heldBytesMax, `${made.bytes} bytes were made for nobody`);
});

Deno.test("100 MB flow up and down without being held: the whole process grows by less than 64 MB", async () => {
  const script = new URL("../fixtures/measured_edge.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=test", "--no-check", gatewayRuntimeFlag, script],
    stdout: "piped",
    stderr: "piped",
  }).output();
  equal(code, 0, new TextDecoder().decode(stderr));
  const { sentBytes, receivedBytes, grownBytes } = JSON.parse(new TextDecoder().decode(stdout));
  deepEqual([sentBytes, receivedBytes], [100 * mebibyte, 100 * mebibyte]);
  ok(grownBytes.up < 64 * mebibyte, `up: ${grownBytes.up}`);
  ok(grownBytes.down < 64 * mebibyte, `down: ${grownBytes.down}`);
});

Deno.test("a client that asks before it sends is told to go on, and hears a refusal though it has sent nothing", async () => {
  let heard = "";
  await using scene = await anEdgeScene({
    async service(request) {
      heard += await request.text();
      return new Response(request.headers.get("expect") ?? "no expectation");
    },
  });
  await using client = await scene.connect();
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nhost: localhost:${scene.edge.port}\r\nexpect: 100-continue\r\n` +
    `content-length: 5\r\n\r\n`;
  client.send(head("/open"));
  await within(limitMs, client.hears("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("hello");
  await within(limitMs, client.hears("no expectation"));
  equal(heard, "hello");

  await using refused = await scene.connect();
  refused.send(head("/closed"));
  await within(limitMs, refused.hears("HTTP/1.1 401"));
  equal(heard, "hello");
});

Deno.test("answers without a body keep the headers that speak of one, and the connection goes on", async () => {
  const headers = { "content-length": "250", etag: '"1"' };
  await using scene = await anEdgeScene({
    service({ method, url }) {
      if (method === "HEAD") return new Response(null, { headers });
      const status = Number(new URL(url).pathname.slice(1));
      if (status === 200) return new Response("the next answer");
      return new Response(null, { status, headers: status === 204 ? { etag: '"1"' } : headers });
    },
  });
  const ask = async (method: string, path: string) => {
    await using client = await scene.connect();
    const host = `host: localhost:${scene.edge.port}`;
    client.send(`${method} ${path} HTTP/1.1\r\n${host}\r\n\r\n`);
    client.send(`GET /open/200 HTTP/1.1\r\n${host}\r\n\r\n`);
    await within(limitMs, client.hears("the next answer"));
    const [first, second, ...more] = client.heard.split(/(?=HTTP\/1\.1 \d)/);
    match(second!, /^HTTP\/1\.1 200 OK\r\n/);
    equal(more.length, 0);
    return first!.toLowerCase();
  };
  match(await ask("HEAD", "/open/x"), /^http\/1\.1 200 .*\r\ncontent-length: 250\r\n.*\r\n\r\n$/s);
  match(await ask("GET", "/open/304"), /^http\/1\.1 304 .*\r\netag: "1"\r\n.*\r\n\r\n$/s);
  const none = await ask("GET", "/open/204");
  match(none, /^http\/1\.1 204 .*\r\netag: "1"\r\n.*\r\n\r\n$/s);
  ok(!none.includes("content-length"));
});

Deno.test("TRACE and CONNECT are refused: nothing of a request is told to anybody by an echo", async () => {
  let asked = 0;
  await using scene = await anEdgeScene({ service: () => new Response(String(++asked)) });
  for (const [start, status] of [["TRACE /open", "405"], ["CONNECT localhost:1", "40"]] as const) {
    await using client = await scene.connect();
    client.send(
      `${start} HTTP/1.1\r\nhost: localhost:${scene.edge.port}\r\ncookie: secret=1\r\n\r\n`,
    );
    await within(limitMs, client.hears(`HTTP/1.1 ${status}`));
    ok(!client.heard.includes("secret"));
  }
  equal(asked, 0);
});

const eventStream = { "content-type": "text/event-stream" };

function eventsUntil(seen: Promise<void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(encoder.encode("data: first\n\n"));
      await seen;
      controller.enqueue(encoder.encode("data: second\n\n"));
      controller.close();
    },
  });
}
