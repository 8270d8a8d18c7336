import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  ConnectionError,
  openPeerFetch,
  openServerFetch,
  openTrustedFetch,
  type Peer,
} from "platform/tls";
import { aCall, isTimeout, ordersId } from "./tls_call_fixture.ts";
import { aMutualServer, anAuthority, anEdge, aPair, TestIdentity, within } from "./tls_fixture.ts";

/** Less than a client may have open, and more than a few. */
const burst = 100;

Deno.test("A client refuses a server that shows another program's certificate", async () => {
  let wasAsked = false;
  await using call = await aCall({
    peer: "spiffe://sallyport/payment",
    handler: () => {
      wasAsked = true;
      return new Response("stolen");
    },
  });
  await rejects(() => call.fetch(call.url, { method: "POST", body: "secret" }), TypeError);
  equal(wasAsked, false);
});

Deno.test("A client refuses a server of another CA, by peer and by host name", async () => {
  await using call = await aCall();
  const other = await anAuthority();
  await using stranger = openPeerFetch({
    identity: new TestIdentity(await other.leaf("gateway"), other),
    peer: ordersId,
  });
  await rejects(() => stranger.fetch(call.url), TypeError);
  await using edge = await anEdge({ identity: call.ours });
  await using trusted = openTrustedFetch({
    identity: new TestIdentity(await other.leaf("gateway"), other),
  });
  await rejects(() => trusted.fetch(`https://localhost:${edge.port}/`), TypeError);
});

Deno.test("A client is not led past the identity check by an earlier session with its peer", async () => {
  const { ca, identity, gateway } = await aPair();
  const impostor = new TestIdentity(await ca.leaf("payment"), ca);
  await using peer = openPeerFetch({ identity: new TestIdentity(gateway, ca), peer: ordersId });
  const first = await aMutualServer({ identity });
  equal(await (await peer.fetch(`https://127.0.0.1:${first.port}/`)).text(), "ok");
  await first[Symbol.asyncDispose]();
  await using second = await aMutualServer({ identity: impostor });
  for (let attempt = 0; attempt < 3; attempt++) {
    await rejects(() => peer.fetch(`https://127.0.0.1:${second.port}/`), TypeError);
  }
});

Deno.test("Bodies go and come whole, as text, bytes and streams, and repeated headers stay apart", async () => {
  await using call = await aCall({
    async handler(request) {
      const headers: [string, string][] = [["set-cookie", "a=1"], ["set-cookie", "b=2"]];
      return new Response(await request.text(), { status: 201, headers });
    },
  });
  const bodies = ["text", new TextEncoder().encode("text"), new Blob(["te", "xt"]).stream()];
  for (const body of bodies) {
    const response = await call.fetch(call.url, { method: "POST", body });
    equal(response.status, 201);
    deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
    equal(await response.text(), "text");
  }
  const request = new Request(call.url, { method: "PUT", body: "text" });
  equal(await (await call.fetch(request)).text(), "text");
  equal(await (await call.fetch(new URL(call.url))).text(), "");
  const head = await call.fetch(call.url, { method: "HEAD" });
  equal(head.body, null);
});

Deno.test("A redirect is an answer like others, and a compressed body stays compressed", async () => {
  await using call = await aCall({
    handler: () =>
      new Response(Uint8Array.of(31, 139, 8), {
        status: 302,
        headers: { location: "https://elsewhere.example/", "content-encoding": "gzip" },
      }),
  });
  const response = await call.fetch(call.url);
  equal(response.status, 302);
  deepEqual([...await response.bytes()], [31, 139, 8]);
});

Deno.test("A stream that is longer or shorter than its content-length is not sent as a request", async () => {
  await using call = await aCall({
    handler: async (request) => new Response(await request.text()),
  });
  for (const length of ["3", "5"]) {
    const body = new Blob(["text"]).stream();
    const headers = { "content-length": length };
    await rejects(() => call.fetch(call.url, { method: "POST", body, headers }), TypeError);
  }
});

Deno.test("A signal ends a call before its answer, and in the middle of it", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using call = await aCall({
    handler: ({ url }) =>
      url.endsWith("/never") ? new Promise<Response>(() => {}) : new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel: () => cancelled.resolve(),
        }),
      ),
  });
  await rejects(
    () => call.fetch(`${call.url}never`, { signal: AbortSignal.timeout(50) }),
    isTimeout,
  );
  const stop = new AbortController();
  const response = await call.fetch(call.url, { signal: stop.signal });
  const reader = response.body!.getReader();
  await reader.read();
  stop.abort(new Error("enough"));
  await rejects(() => within(2_000, reader.read()), /enough/);
  await within(2_000, cancelled.promise);
});

Deno.test("A peer that does not answer in time, or stops in the middle, is a TimeoutError", async () => {
  await using call = await aCall({
    timeoutMs: 100,
    handler: ({ url }) =>
      url.endsWith("/never")
        ? new Promise<Response>(() => {})
        : new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(10)) })),
  });
  await rejects(() => within(2_000, call.fetch(`${call.url}never`)), isTimeout);
  const response = await call.fetch(call.url);
  await rejects(() => within(2_000, response.bytes()), isTimeout);
});

Deno.test("A body that nobody wants any more ends at the peer", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using call = await aCall({
    handler: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel: () => cancelled.resolve(),
        }),
      ),
  });
  const response = await call.fetch(call.url);
  await response.body?.cancel();
  await within(2_000, cancelled.promise);
});

Deno.test("A peer that is away is a TypeError with its cause", async () => {
  const call = await aCall();
  await call.server[Symbol.asyncDispose]();
  await rejects(
    () => call.fetch(call.url),
    (thrown) => thrown instanceof TypeError && thrown.cause instanceof Error,
  );
  await call[Symbol.asyncDispose]();
});

Deno.test("New material is shown on the next call, and calls under way finish", async () => {
  const thumbprints = new Set<string>();
  const release = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await using call = await aCall({
    async handler(request, { thumbprint }) {
      thumbprints.add(thumbprint);
      asked.resolve();
      if (request.url.endsWith("/slow")) await release.promise;
      return new Response("ok");
    },
  });
  const slow = call.fetch(`${call.url}slow`);
  await asked.promise;
  const { cert, key } = await call.ca.leaf("gateway");
  call.ours.take({ cert, key });
  equal(await (await call.fetch(call.url)).text(), "ok");
  release.resolve();
  equal(await (await slow).text(), "ok");
  equal(thumbprints.size, 2);
});

Deno.test("A small answer that nobody reads gives its connection back", async () => {
  const peers = new Set<Peer>();
  // Each connection has one object for its peer.
  await using call = await aCall({
    handler(_request, peer) {
      peers.add(peer);
      return new Response("ok");
    },
  });
  for (let count = 0; count < 50; count++) await call.fetch(call.url);
  ok(peers.size < 5, `${peers.size} connections`);
});

Deno.test("As many connections as a burst has needed are there for the next one", async () => {
  const connections = new Set<Peer>();
  let waiting: (() => void)[] = [];
  await using call = await aCall({
    async handler(_request, peer) {
      connections.add(peer);
      // All are under way at one time.
      const all = new Promise<void>((resolve) => waiting.push(resolve));
      if (waiting.length === burst) { for (const go of waiting) go(); }
      await all;
      return new Response("ok");
    },
  });
  for (let round = 0; round < 3; round++) {
    waiting = [];
    const calls = Array.from(
      { length: burst },
      async () => await (await call.fetch(call.url)).text(),
    );
    await Promise.all(calls);
  }
  equal(connections.size, burst);
});

Deno.test("A client knows whether a request that failed may have been heard", async () => {
  await using wrong = await aCall({ peer: "spiffe://sallyport/payment" });
  await rejects(wrong.fetch(wrong.url, { method: "POST" }), isConnectionError({ isUnsent: true }));
  await using call = await aCall();
  const { port } = call.server;
  await call.server[Symbol.asyncDispose]();
  const nobody = call.fetch(`https://127.0.0.1:${port}/`, { method: "POST" });
  await rejects(nobody, isConnectionError({ isUnsent: true }));
  await using cut = await aCall({
    handler: async () => {
      await cut.server[Symbol.asyncDispose]();
      return new Response("too late");
    },
  });
  const heard = cut.fetch(cut.url, { method: "POST" });
  await rejects(heard, isConnectionError({ isUnsent: false }));
});

function isConnectionError({ isUnsent }: { readonly isUnsent: boolean }) {
  return (thrown: unknown) => thrown instanceof ConnectionError && thrown.isUnsent === isUnsent;
}

Deno.test("A client of a server by host name shows its certificate, and takes no other host's", async () => {
  const { ca, gateway } = await aPair();
  const orders = await ca.leaf("orders");
  await using server = await aMutualServer({ identity: new TestIdentity(orders, ca) });
  const ours = new TestIdentity(gateway, ca);
  await using client = openServerFetch({ identity: ours });
  equal(await (await client.fetch(`https://localhost:${server.port}/`)).text(), "ok");
  equal(await (await client.fetch(`https://127.0.0.1:${server.port}/`)).text(), "ok");
  const names = [{ type: "dns", value: "elsewhere" }] as const;
  const odd = new TestIdentity(await ca.oddLeaf({ names }), ca);
  await using foreign = await aMutualServer({ identity: odd });
  const refusal = /its certificate is for another host/;
  await rejects(client.fetch(`https://localhost:${foreign.port}/`), refusal);
  ours.revoke(orders.serial);
  await rejects(client.fetch(`https://localhost:${server.port}/`));
});
