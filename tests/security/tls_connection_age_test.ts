import { equal } from "node:assert/strict";
import { anEdge, aPair, connect, within } from "./tls_fixture.ts";

const limits = { connectionAgeMsMax: 100 };

Deno.test("An old connection is closed once it is idle, and no answer is lost by that", async () => {
  const { ca, identity } = await aPair();
  const answer = Promise.withResolvers<Response>();
  const handler = () => answer.promise;
  await using edge = await anEdge({ identity, limits, drainMs: 10_000, handler });
  await using busy = await connect(edge, { ca: ca.pem.cert });
  await using idle = await connect(edge, { ca: ca.pem.cert });
  busy.get();
  // Once the idle one is gone, the busy one is old.
  await within(2_000, idle.closed());
  answer.resolve(new Response("late"));
  await within(2_000, busy.hears("late"));
  await within(2_000, busy.closed());
});

Deno.test("An old connection that is never idle is cut when its drain is over", async () => {
  const { ca, identity } = await aPair();
  await using edge = await anEdge({ identity, limits, drainMs: 200 });
  await using client = await connect(edge, { ca: ca.pem.cert });
  const asking = setInterval(() => client.get(), 5);
  try {
    await within(2_000, client.closed());
  } finally {
    clearInterval(asking);
  }
});

Deno.test("An old connection whose answer does not come is cut when its drain is over", async () => {
  const { ca, identity } = await aPair();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const handler = () => {
    asked.resolve();
    return answer.promise;
  };
  await using edge = await anEdge({ identity, limits, drainMs: 100, handler });
  await using client = await connect(edge, { ca: ca.pem.cert });
  client.get();
  await asked.promise;
  await within(2_000, client.closed());
  equal(client.heard, "");
  answer.resolve(new Response("late"));
});
