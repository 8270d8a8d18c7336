import { equal, match, notEqual } from "node:assert/strict";
import { type Fields, silentLogger } from "./logger.ts";
import { withRequestLog } from "./request_log.ts";

async function loggedIdOf(given?: string): Promise<string> {
  const logged: Fields[] = [];
  const log = { ...silentLogger, info: (_: string, fields: Fields = {}) => logged.push(fields) };
  const handle = withRequestLog(log, () => new Response());
  const headers = new Headers(given === undefined ? {} : { "x-request-id": given });
  await handle(new Request("https://orders.test/orders", { headers }));
  return String(logged[0]?.["http.request.id"]);
}

Deno.test("A request is logged by the id that it came with", async () => {
  equal(
    await loggedIdOf("11111111-1111-4111-8111-111111111111"),
    "11111111-1111-4111-8111-111111111111",
  );
});

Deno.test("A request is logged by a new id when it came with none, or with one of no known form", async () => {
  for (const given of [undefined, "", "short", "x".repeat(129), '"quoted" and "more"']) {
    const id = await loggedIdOf(given);
    match(id, /^[0-9a-f-]{36}$/);
    notEqual(id, given);
  }
});
