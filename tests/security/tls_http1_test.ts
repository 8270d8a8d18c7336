import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import type { PeerHandler } from "platform/tls";
import { anEdge, aPair, connect, type TestClient, within } from "./tls_fixture.ts";

/** A client of an edge that answers by `handler`. */
async function aConversation(
  handler: PeerHandler,
): Promise<AsyncDisposable & { readonly client: TestClient }> {
  const { ca, identity } = await aPair();
  const edge = await anEdge({ identity, handler, drainMs: 100 });
  const client = await connect(edge, { ca: ca.pem.cert });
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await edge[Symbol.asyncDispose]();
    },
  };
}

const echo: PeerHandler = async (request) => new Response(`${request.url} ${await request.text()}`);
const get = (path: string, fields = "") => `GET ${path} HTTP/1.1\r\nhost: a\r\n${fields}\r\n`;

Deno.test("Requests that come at once are answered in their order, one after the other", async () => {
  const running = { now: 0, most: 0 };
  await using conversation = await aConversation(async (request) => {
    running.most = Math.max(running.most, ++running.now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running.now--;
    return new Response(`<${new URL(request.url).pathname} ${await request.text()}>`);
  });
  const { client } = conversation;
  const post = "POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello";
  const chunked = "POST /3 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" +
    "2\r\nhi\r\n0\r\n\r\n";
  client.send(get("/1") + post + chunked + get("/4"));
  await within(5_000, client.hears("</4 >"));
  deepEqual(client.heard.match(/<.*?>/g), ["</1 >", "</2 hello>", "</3 hi>", "</4 >"]);
  equal(running.most, 1);
});

Deno.test("A request that drips in byte by byte is read as if it had come at once", async () => {
  await using conversation = await aConversation(echo);
  const { client } = conversation;
  const text =
    "POST /drip HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (const character of text) {
    client.send(character);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await within(5_000, client.hears("http://a/drip abc"));
});

Deno.test("A client that waits to be told to go on is told so once its body is wanted", async () => {
  await using conversation = await aConversation(echo);
  const { client } = conversation;
  client.send("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  await within(5_000, client.hears("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("ok");
  await within(5_000, client.hears("http://a/ ok"));
});

Deno.test("A client whose body nobody wants is not told to go on, and the connection ends with the answer", async () => {
  await using conversation = await aConversation(() => new Response("no", { status: 403 }));
  const { client } = conversation;
  client.send("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  await within(5_000, client.closed());
  match(client.heard, /^HTTP\/1.1 403 [^]*connection: close[^]*no$/);
});

Deno.test("An answer to HEAD tells its length and has no body, and the next answer follows", async () => {
  await using conversation = await aConversation(({ method }) =>
    method === "HEAD"
      ? new Response("12345", { headers: { "content-length": "5" } })
      : new Response("next")
  );
  const { client } = conversation;
  client.send(get("/").replace("GET", "HEAD") + get("/"));
  await within(5_000, client.hears("next"));
  match(client.heard, /^HTTP\/1.1 200 OK\r\n[^]*content-length: 5\r\n[^]*\r\n\r\nHTTP\/1.1 200/);
});

Deno.test("An answer flows piece by piece in chunks, its head before its first piece", async () => {
  const pieces = new TransformStream<Uint8Array, Uint8Array>();
  await using conversation = await aConversation(() => new Response(pieces.readable));
  const { client } = conversation;
  client.send(get("/"));
  await within(5_000, client.hears("transfer-encoding: chunked"));
  const writer = pieces.writable.getWriter();
  await writer.write(new TextEncoder().encode("one"));
  await within(5_000, client.hears("3\r\none\r\n"));
  await writer.close();
  await within(5_000, client.hears("\r\n0\r\n\r\n"));
});

Deno.test("An answer that breaks off, or has not the length it told, ends with its connection", async () => {
  const encoder = new TextEncoder();
  const faults: readonly (() => Response)[] = [
    () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(encoder.encode("begun"));
            await new Promise((resolve) => setTimeout(resolve, 20));
            controller.error(new Error("broken"));
          },
        }),
      ),
    () => {
      let isBegun = false;
      const body = new ReadableStream({
        async pull(controller) {
          if (isBegun) await new Promise((resolve) => setTimeout(resolve, 20));
          if (isBegun) return controller.close();
          isBegun = true;
          controller.enqueue(encoder.encode("begun"));
        },
      });
      return new Response(body, { headers: { "content-length": "6" } });
    },
  ];
  for (const fault of faults) {
    await using conversation = await aConversation(fault);
    const { client } = conversation;
    client.get();
    await within(5_000, client.closed());
    ok(client.heard.includes("begun"));
    equal(client.heard.includes("\r\n0\r\n\r\n"), false);
  }
});

Deno.test("A client that leaves takes its request and the answer's body with it", async () => {
  const aborted = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  await using conversation = await aConversation(({ url, signal }) => {
    if (url.endsWith("/never")) {
      signal.addEventListener("abort", () => aborted.resolve());
      return new Promise<Response>(() => {});
    }
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => cancelled.resolve(),
      }),
    );
  });
  const { client } = conversation;
  client.send(get("/body"));
  await within(5_000, client.hears("chunked"));
  client.socket.destroy();
  await within(5_000, cancelled.promise);
  await using other = await aConversation(({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve());
    return new Promise<Response>(() => {});
  });
  other.client.send(get("/never"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  other.client.socket.destroy();
  await within(5_000, aborted.promise);
});

Deno.test("A client that asks on and on, and takes nothing, has few answers made for it", async () => {
  let made = 0;
  await using conversation = await aConversation(() => {
    made += 1;
    return new Response(new Uint8Array(65_536));
  });
  const { client } = conversation;
  client.socket.pause();
  const { _handle: handle } = client.socket as unknown as {
    readonly _handle: { readonly _nativeTcpHandle: { readStop(): void } };
  };
  handle._nativeTcpHandle.readStop();
  client.send(get("/").repeat(2_000));
  for (let before = -1; before !== made;) {
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  ok(made < 500, `${made} answers of 64 KiB were made`);
});

Deno.test("Version 1.0 is answered without chunks, and its connection ends with the answer", async () => {
  await using conversation = await aConversation(() =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          controller.enqueue(new TextEncoder().encode("old"));
          controller.close();
        },
      }),
    )
  );
  const { client } = conversation;
  client.send("GET / HTTP/1.0\r\nhost: a\r\n\r\n");
  await within(5_000, client.closed());
  match(client.heard, /connection: close\r\n\r\nold$/);
});

Deno.test("No field of a handler's gets between a connection and its server", async () => {
  const headers = { "connection": "upgrade", "transfer-encoding": "gzip", "content-length": "99" };
  await using conversation = await aConversation(() => new Response("ok", { headers }));
  const { client } = conversation;
  client.send(get("/") + get("/"));
  await within(5_000, once(client.socket, "data"));
  await within(5_000, client.hears("ok"));
  match(client.heard, /content-length: 2\r\n/);
  equal(/gzip|upgrade|99/.test(client.heard), false);
});
