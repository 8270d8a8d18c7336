import { equal } from "node:assert/strict";
import { accountLimit } from "./domain/mod.ts";
import { AuthServer, Browser } from "./testing/mod.ts";

Deno.test("who guesses the codes of devices has to wait after a few", async () => {
  await using server = await AuthServer.open();
  const guess = async () => {
    const page = await new Browser(server).fill("/oidc/device", { "user_code": "BCDF-GHJK" });
    await page.body?.cancel();
    return page.status;
  };
  for (let at = 0; at < accountLimit.freeMax; at++) equal(await guess(), 422);
  equal(await guess(), 429);
});
