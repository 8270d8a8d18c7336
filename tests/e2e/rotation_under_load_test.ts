import { deepEqual, ok } from "node:assert/strict";
import { rotateUnderLoad } from "../fixtures/rotation_under_load.ts";

/** In each phase. With fewer, nothing would be shown: the load was not there. */
const requestsMin = 10;

Deno.test("no request fails while leaves, CA and signing key are replaced under load", async () => {
  const figures = await rotateUnderLoad({ isWhole: false });
  deepEqual(
    figures.flatMap(({ phase, failures }) => failures.map((why) => `${phase}: ${why}`)),
    [],
  );
  for (const { phase, requests } of figures) ok(requests >= requestsMin, phase);
});
