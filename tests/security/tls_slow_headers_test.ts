import http2 from "node:http2";
import { once } from "node:events";
import { equal } from "node:assert/strict";
import { anEdge, aPair, connect, within } from "./tls_fixture.ts";

Deno.test("Headers that do not end in time close the connection", async () => {
  const { ca, identity } = await aPair();
  await using edge = await anEdge({ identity, limits: { headersTimeoutMs: 50 } });
  await using client = await connect(edge, { ca: ca.pem.cert });
  client.send("GET / HTTP/1.1\r\nhost: local");
  await within(2_000, client.closed());
  equal(client.heard, "");
});

Deno.test("Headers that drip close the connection as if they had stopped", async () => {
  const { ca, identity } = await aPair();
  await using edge = await anEdge({ identity, limits: { headersTimeoutMs: 100 } });
  await using client = await connect(edge, { ca: ca.pem.cert });
  client.send("GET / HTTP/1.1\r\nx: ");
  const drip = setInterval(() => client.send("x"), 10);
  try {
    await within(2_000, client.closed());
  } finally {
    clearInterval(drip);
  }
});

Deno.test("The second request of a connection has no more time for its headers than the first", async () => {
  const { ca, identity } = await aPair();
  await using edge = await anEdge({ identity, limits: { headersTimeoutMs: 100 } });
  await using client = await connect(edge, { ca: ca.pem.cert });
  client.get();
  await client.hears("ok");
  client.send("GET / HTTP/1.1\r\nhost: local");
  await within(2_000, client.closed());
});

Deno.test("A connection that asks for nothing is closed, whatever else it sends", async () => {
  const { ca, identity } = await aPair();
  await using edge = await anEdge({ identity, limits: { idleTimeoutMs: 150 } });
  const session = http2.connect(`https://localhost:${edge.port}`, { ca: ca.pem.cert });
  session.on("error", () => {});
  await once(session, "connect");
  const drip = setInterval(() => !session.destroyed && session.ping(() => {}), 10);
  try {
    await within(2_000, once(session, "close"));
  } finally {
    clearInterval(drip);
    session.destroy();
  }
});

Deno.test("An answer may take longer than headers may, and longer than an idle connection lives", async () => {
  const { ca, identity } = await aPair();
  const answer = Promise.withResolvers<Response>();
  const limits = { headersTimeoutMs: 50, idleTimeoutMs: 100 };
  await using edge = await anEdge({ identity, limits, handler: () => answer.promise });
  await using client = await connect(edge, { ca: ca.pem.cert });
  await using idle = await connect(edge, { ca: ca.pem.cert });
  client.get();
  // Once the idle one is gone, the busy one has outlived both limits.
  await within(2_000, idle.closed());
  answer.resolve(new Response("late"));
  await within(2_000, client.hears("late"));
});
