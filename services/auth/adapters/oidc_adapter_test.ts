import { TestKeyRing } from "platform/crypto/testing";
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { openEmbeddedStores, type Stores } from "./mod.ts";
import { ciphersOf } from "../ciphers.ts";
import { oidcAdapterFor } from "./oidc_adapter.ts";

const now = () => new Date("2026-01-02T03:04:05.000Z");
const open = (): Stores =>
  openEmbeddedStores(
    { kind: "embedded", path: ":memory:" },
    ciphersOf(new TestKeyRing()),
  );

Deno.test("OidcAdapter gives an artifact back as it was, by its id alone", async () => {
  await using stores = open();
  const adapter = oidcAdapterFor(stores.grants, now)("Session");
  await adapter.upsert("the-id", {
    jti: "the-id",
    uid: "the-uid",
    accountId: "ada",
    kind: "Session",
  });
  deepEqual(await adapter.find("the-id"), {
    jti: "the-id",
    uid: "the-uid",
    accountId: "ada",
    kind: "Session",
  });
  equal((await adapter.findByUid("the-uid"))?.accountId, "ada");
  equal(await adapter.find("the-uid"), undefined);
  equal(await oidcAdapterFor(stores.grants, now)("Grant").find("the-id"), undefined);
});

Deno.test("OidcAdapter lets one of many consume, and the first to lose ends the whole family", async () => {
  await using stores = open();
  const adapterFor = oidcAdapterFor(stores.grants, now);
  const tokens = adapterFor("RefreshToken");
  const family = { grantId: "the-grant", accountId: "ada" };
  await adapterFor("Grant").upsert("the-grant", { jti: "the-grant", accountId: "ada" });
  await tokens.upsert("used", { jti: "used", ...family });
  await tokens.upsert("sibling", { jti: "sibling", ...family });
  await tokens.upsert("stranger", { jti: "stranger", grantId: "another", accountId: "ada" });

  await tokens.consume("used");
  equal((await tokens.find("used"))?.["consumed"], true);
  ok(await tokens.find("sibling"));

  await rejects(tokens.consume("used"), { error: "invalid_grant" });
  equal(await tokens.find("sibling"), undefined);
  equal(await adapterFor("Grant").find("the-grant"), undefined);
  ok(await tokens.find("stranger"));
  await rejects(tokens.consume("used"), { error: "invalid_grant" });
});

Deno.test("OidcAdapter keeps what is used up as used up when it is written again", async () => {
  await using stores = open();
  const codes = oidcAdapterFor(stores.grants, now)("AuthorizationCode");
  await codes.upsert("code", { jti: "code", grantId: "the-grant" }, 60);
  await codes.consume("code");
  await codes.upsert("code", { jti: "code", grantId: "the-grant" }, 60);
  await rejects(codes.consume("code"), { error: "invalid_grant" });
});
