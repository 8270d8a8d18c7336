import { deepEqual, equal } from "node:assert/strict";
import { fakeGateway } from "./testing/fake_gateway.ts";

const yaml = `
_format_version: "3.0"
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a], methods: [GET, OPTIONS], tags: [public] }]
`;

Deno.test("OPTIONS with no hop left is answered here, and one with some loses one on the way", async () => {
  const { ask, sent } = fakeGateway({ yaml });
  const options = (hops: string) =>
    ask("/a", { method: "OPTIONS", headers: { "max-forwards": hops } });
  const answer = await options("0");
  equal(answer.status, 204);
  equal(answer.headers.get("allow"), "GET, OPTIONS");
  equal(sent.length, 0);
  for (const hops of ["7", "1", "seven"]) equal((await options(hops)).status, 200);
  deepEqual(sent.map(({ headers }) => headers.get("max-forwards")), ["6", "0", "seven"]);
});

Deno.test("Max-Forwards means nothing to other methods", async () => {
  const { ask, sent } = fakeGateway({ yaml });
  equal((await ask("/a", { headers: { "max-forwards": "0" } })).status, 200);
  equal(sent[0]!.headers.get("max-forwards"), "0");
});
