import { equal } from "node:assert/strict";
import { CommonPasswords } from "./common_passwords.ts";

Deno.test("CommonPasswords knows those that leaks show, and not every long one", async () => {
  const list = new CommonPasswords();
  for (const known of ["password", "iloveyou", "football", "princess"]) {
    equal(await list.has(known), true, known);
  }
  equal(await list.has("correct horse battery"), false);
});
