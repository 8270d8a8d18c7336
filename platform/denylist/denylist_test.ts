import { equal } from "node:assert/strict";
import { Denylist } from "./denylist.ts";

const at = 1_800_000_000;
const kept = 600;
const aDenial = { subject: "ada", securityVersion: 2, untilSeconds: at };
const aToken = { sub: "ada", iat: at, securityVersion: 1 };

Deno.test("a token that names an older version of its owner's rights is denied, however young it is", () => {
  const denylist = new Denylist({ keptSeconds: kept });
  equal(denylist.denies(aToken), false);
  denylist.deny(aDenial, at);
  equal(denylist.denies({ ...aToken, iat: at + 100 }), true);
  equal(denylist.denies({ ...aToken, securityVersion: 2 }), false, "given out in the same second");
  equal(denylist.denies({ ...aToken, sub: "bob" }), false);
});

Deno.test("a token without a version is denied when it was given out until the second of the change", () => {
  const denylist = new Denylist({ keptSeconds: kept });
  denylist.deny(aDenial, at);
  const foreign = { sub: "ada", securityVersion: undefined };
  equal(denylist.denies({ ...foreign, iat: at - 1 }), true);
  equal(denylist.denies({ ...foreign, iat: at }), true);
  equal(denylist.denies({ ...foreign, iat: at + 1 }), false);
});

Deno.test("an older denial, told again, takes nothing back", () => {
  const denylist = new Denylist({ keptSeconds: kept });
  denylist.deny({ ...aDenial, securityVersion: 3, untilSeconds: at + 10 }, at + 10);
  denylist.deny(aDenial, at + 11);
  equal(denylist.denies({ ...aToken, securityVersion: 2 }), true);
  equal(denylist.denies({ sub: "ada", iat: at + 10, securityVersion: undefined }), true);
});

Deno.test("a change so old that no token from before it is in force is not kept", () => {
  const denylist = new Denylist({ keptSeconds: kept });
  denylist.deny(aDenial, at + kept + 1);
  equal(denylist.size, 0);
  denylist.deny(aDenial, at + kept);
  equal(denylist.size, 1);
  denylist.deny({ ...aDenial, subject: "bob", untilSeconds: at + 2 * kept }, at + 2 * kept + 1);
  equal(denylist.size, 1, "the next to come makes those go whose time is over");
});

Deno.test("when more people are denied than are kept, everybody's older tokens are refused", () => {
  const denylist = new Denylist({ keptSeconds: kept, max: 2 });
  for (const [offset, subject] of ["ada", "bob", "carol"].entries()) {
    denylist.deny({ subject, securityVersion: 1, untilSeconds: at + offset }, at + offset);
  }
  equal(denylist.size, 2);
  equal(denylist.denies({ sub: "ada", iat: at, securityVersion: 0 }), true);
  equal(denylist.denies({ sub: "dora", iat: at, securityVersion: 0 }), true);
  equal(denylist.denies({ sub: "dora", iat: at + 1, securityVersion: 0 }), false);
});
