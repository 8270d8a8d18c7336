import { equal, ok } from "node:assert/strict";
import http2 from "node:http2";
import net from "node:net";
import { once } from "node:events";
import { aMutualServer, anEdge, aPair, connect, within } from "./tls_fixture.ts";

const drainMs = 5_000;
/** Far from `drainMs`: what takes no longer did not wait for it. */
const atOnceMs = 1_500;

/** A handler that tells when it was asked, and answers when it is told to. */
function aGate() {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  return {
    asked: asked.promise,
    open: (text: string) => answer.resolve(text),
    async handler(): Promise<Response> {
      asked.resolve();
      return new Response(await answer.promise);
    },
  };
}

Deno.test("A drain lets an answer in flight finish", async () => {
  const { identity, client } = await aPair();
  const gate = aGate();
  const server = await aMutualServer({ identity, drainMs, handler: gate.handler });
  await using connection = await connect(server, client);
  connection.get();
  await gate.asked;
  const drained = server[Symbol.asyncDispose]();
  // More than fits into any buffer on the way.
  gate.open(`${"x".repeat(20_000_000)}the end`);
  await within(drainMs, connection.hears("the end"));
  await within(atOnceMs, drained);
});

Deno.test("A drain lets an answer in flight finish in HTTP/2", async () => {
  const { ca, identity } = await aPair();
  const gate = aGate();
  const server = await anEdge({ identity, drainMs, handler: gate.handler });
  const session = http2.connect(`https://localhost:${server.port}`, { ca: ca.pem.cert });
  const request = session.request({ ":path": "/" });
  request.end();
  await gate.asked;
  const drained = server[Symbol.asyncDispose]();
  gate.open("the end");
  let heard = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => heard += text);
  await within(atOnceMs, once(request, "end"));
  equal(heard, "the end");
  await within(atOnceMs, drained);
  session.destroy();
});

Deno.test("A drain closes idle connections at once", async () => {
  const { identity, client } = await aPair();
  const server = await aMutualServer({ identity, drainMs });
  await using used = await connect(server, client);
  used.get();
  await used.hears("ok");
  await using unused = await connect(server, client);
  await within(atOnceMs, server[Symbol.asyncDispose]());
  await used.closed();
  await unused.closed();
});

Deno.test("A drain does not wait for a connection that has not finished its handshake", async () => {
  const { identity, client } = await aPair();
  const server = await aMutualServer({ identity, drainMs });
  const spare = net.connect(server.port, "127.0.0.1");
  spare.on("error", () => {});
  const closed = new Promise<void>((resolve) => spare.once("close", () => resolve()));
  await once(spare, "connect");
  // Accepted after the spare one: so that one has been accepted too.
  await using later = await connect(server, client);
  await within(atOnceMs, server[Symbol.asyncDispose]());
  await within(atOnceMs, closed);
  await later.closed();
});

Deno.test("A drain cuts what is stuck when its time is up", async () => {
  const { identity, client } = await aPair();
  const gate = aGate();
  const server = await aMutualServer({ identity, drainMs: 100, handler: gate.handler });
  await using connection = await connect(server, client);
  connection.get();
  await gate.asked;
  await within(atOnceMs, server[Symbol.asyncDispose]());
  await within(atOnceMs, connection.closed());
  ok(!connection.heard.includes("HTTP/1.1"));
  gate.open("too late");
});
