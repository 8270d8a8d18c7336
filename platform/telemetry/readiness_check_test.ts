import { equal } from "node:assert/strict";
import { serveAdmin } from "./admin_server.ts";
import type { ReadinessCheck } from "./readiness_check.ts";
import { withReadyz } from "./readyz.ts";

const good: ReadinessCheck = { name: "good", check: () => Promise.resolve() };
const bad: ReadinessCheck = { name: "bad", check: () => Promise.reject(new Error("away")) };
const silent: ReadinessCheck = { name: "silent", check: () => new Promise(() => {}) };

Deno.test("/readyz says yes from the declaration on while all checks hold, and no after it", async () => {
  await using admin = serveAdmin({ hostname: "127.0.0.1", port: 0 });
  const status = async (path: string) =>
    (await fetch(`http://127.0.0.1:${admin.port}${path}`)).status;
  equal(await status("/readyz"), 503);
  for (
    const [checks, expected] of [
      [[], 204],
      [[good, good], 204],
      [[good, bad], 503],
      [[silent], 503],
    ] as const
  ) {
    using _ = admin.declareReady(checks);
    equal(await status("/readyz"), expected);
    equal(await status("/livez"), 204);
  }
  equal(await status("/readyz"), 503);
});

Deno.test("withReadyz() asks the same checks, and hands everything else on", async () => {
  const handle = (checks?: readonly ReadinessCheck[]) =>
    withReadyz(() => new Response("handled"), checks);
  const request = (path: string, method = "GET") =>
    new Request(`https://localhost${path}`, { method });
  equal((await handle()(request("/readyz"))).status, 204);
  equal((await handle([good, bad])(request("/readyz"))).status, 503);
  equal(await (await handle([bad])(request("/readyz", "POST"))).text(), "handled");
  equal(await (await handle([bad])(request("/users"))).text(), "handled");
});
