import { deepEqual, equal, rejects } from "node:assert/strict";
import type net from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { openPeerFetch } from "platform/tls";
import { aCall, isTimeout, ordersId } from "./tls_call_fixture.ts";
import { aPair, TestIdentity } from "./tls_fixture.ts";

Deno.test("A safe call on a connection that the peer has closed is made once more", async () => {
  const { ca, identity, gateway } = await aPair();
  await using peer = openPeerFetch({ identity: new TestIdentity(gateway, ca), peer: ordersId });
  const asked: string[] = [];
  // Closes a connection unheard when its second request comes, as a server does that is just idling out.
  const requests = new Map<TLSSocket, number>();
  const { cert, key } = identity.material;
  const server = tls.createServer({ cert, key }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const count = (requests.get(socket) ?? 0) + 1;
      requests.set(socket, count);
      asked.push(`${bytes.toString().split(" ")[0]} ${count}`);
      if (count > 1) return void socket.destroy();
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `https://127.0.0.1:${(server.address() as net.AddressInfo).port}/`;
    const call = async (init: RequestInit) => await (await peer.fetch(url, init)).text();
    equal(await call({ method: "GET" }), "ok");
    equal(await call({ method: "GET" }), "ok");
    await rejects(() => call({ method: "POST", body: "x" }), TypeError);
    equal(await call({ method: "GET" }), "ok");
    const headers = { "idempotency-key": "1" };
    await rejects(() => call({ method: "POST", body: "x", headers }), TypeError);
    deepEqual(asked, ["GET 1", "GET 2", "GET 1", "POST 2", "GET 1", "POST 2"]);
  } finally {
    for (const socket of requests.keys()) socket.destroy();
    server.close();
  }
});

Deno.test("A call that is given up is not sent a second time", async () => {
  const asked: string[] = [];
  await using call = await aCall({
    // Enough for a handshake on a busy machine.
    timeoutMs: 1_000,
    async handler(request) {
      asked.push(`${request.method} ${await request.text()}`);
      return request.method === "POST" ? await new Promise<Response>(() => {}) : new Response("ok");
    },
  });
  equal(await (await call.fetch(call.url)).text(), "ok");
  await rejects(() => call.fetch(call.url, { method: "POST", body: "charge" }), isTimeout);
  // By the time this one is answered, a second POST would have come.
  equal(await (await call.fetch(call.url)).text(), "ok");
  deepEqual(asked, ["GET ", "POST charge", "GET "]);
});
