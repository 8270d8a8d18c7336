import { equal, notEqual } from "node:assert/strict";
import { FormGuard } from "./form_guard.ts";

const issuer = "https://localhost:8443/oidc";
const [former, current] = ["f".repeat(40), "c".repeat(40)];

Deno.test("FormGuard knows a token by any of its keys, and for one binding only", async () => {
  const before = new FormGuard({ issuer, cookieKeys: [former] });
  const after = new FormGuard({ issuer, cookieKeys: [current, former] });
  const token = await before.tokenFor("session one");
  equal(await after.isOwn("session one", token), true);
  equal(await after.isOwn("session two", token), false);
  notEqual(await after.tokenFor("session one"), token);
  equal(await before.isOwn("session one", await after.tokenFor("session one")), false);
  for (const wrong of [undefined, "", token.slice(1), `${token}x`]) {
    equal(await after.isOwn("session one", wrong), false);
  }
});
