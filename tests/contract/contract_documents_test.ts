import { equal } from "node:assert/strict";
import { contractDocuments } from "tools/contracts";

for (const [path, text] of contractDocuments()) {
  Deno.test(`${path} says what the services' tables say`, async () => {
    const printed = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    equal(printed, text, `Print it again: deno task print`);
  });
}
