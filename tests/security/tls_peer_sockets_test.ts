import { equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { ConnectionError, openPeerSockets, type PeerSockets } from "platform/tls";
import { aMutualServer, anAuthority, aPair, TestIdentity, within } from "./tls_fixture.ts";

const ordersId = "spiffe://sallyport/orders";
const limitMs = 5_000;
const never = new AbortController().signal;

function urlOf({ port }: { readonly port: number }): URL {
  return new URL(`https://127.0.0.1:${port}`);
}

/** Sockets to orders, and a server that shows the certificate of `program`. */
async function scene(program = "orders") {
  const { ca, gateway } = await aPair();
  const ours = new TestIdentity(gateway, ca);
  const leaf = await ca.leaf(program);
  let wasAsked = false;
  const server = await aMutualServer({
    identity: new TestIdentity(leaf, ca),
    handler() {
      wasAsked = true;
      return new Response("ok");
    },
  });
  const sockets = openPeerSockets({ identity: ours, peer: ordersId });
  return {
    ours,
    leaf,
    server,
    sockets,
    wasAsked: () => wasAsked,
    async [Symbol.asyncDispose]() {
      await sockets[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function isUnsent(thrown: unknown): boolean {
  return thrown instanceof ConnectionError && thrown.isUnsent;
}

Deno.test("A socket to a peer stands when the server is that peer, and carries what is written", async () => {
  await using there = await scene();
  const { socket } = await there.sockets.connect(urlOf(there.server), never);
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const [answer] = await within(limitMs, once(socket, "data"));
  equal(String(answer).startsWith("HTTP/1.1 200"), true);
});

Deno.test("A socket to a peer is refused to another program, and to another CA's", async () => {
  await using impostor = await scene("payment");
  await rejects(impostor.sockets.connect(urlOf(impostor.server), never), isUnsent);
  equal(impostor.wasAsked(), false);

  await using there = await scene();
  const other = await anAuthority();
  const stranger: PeerSockets = openPeerSockets({
    identity: new TestIdentity(await other.leaf("gateway"), other),
    peer: ordersId,
  });
  await using _ = stranger;
  await rejects(stranger.connect(urlOf(there.server), never), isUnsent);
});

Deno.test("A socket to a peer is cut when the peer's certificate is revoked, and none stands after that", async () => {
  await using there = await scene();
  const { socket } = await there.sockets.connect(urlOf(there.server), never);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  there.ours.revoke(there.leaf.serial);
  await within(limitMs, closed);
  await rejects(there.sockets.connect(urlOf(there.server), never), isUnsent);
});

Deno.test("A socket to a peer is given up when nobody is there, or the caller has gone", async () => {
  await using there = await scene();
  await rejects(there.sockets.connect(new URL("https://127.0.0.1:1"), never), isUnsent);
  const leaving = AbortSignal.abort(new Error("gone"));
  await rejects(there.sockets.connect(urlOf(there.server), leaving), /gone/);
});

Deno.test("Disposal cuts the sockets to a peer", async () => {
  await using there = await scene();
  const { socket } = await there.sockets.connect(urlOf(there.server), never);
  await within(limitMs, there.sockets[Symbol.asyncDispose]());
  equal(socket.destroyed, true);
});
