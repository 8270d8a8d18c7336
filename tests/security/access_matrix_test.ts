import { deepEqual, equal } from "node:assert/strict";
import { services } from "tools/contracts";
import { findWrongCells } from "../fixtures/access_matrix.ts";
import {
  callers,
  expectedAccess,
  expectedOidcAccess,
  methods,
} from "../fixtures/expected_access.ts";
import { openTestPlatform } from "../fixtures/platform.ts";

Deno.test("every role, owner, route and method is answered at the edge as the contract says", async () => {
  await using platform = await openTestPlatform();
  const { wrong, cells } = await findWrongCells(platform);
  deepEqual(wrong, []);
  const paths = new Set(expectedAccess.map(([path]) => path)).size;
  const reads = expectedAccess.filter(([, method]) => method === "GET").length;
  const rows = paths * methods.length + reads + expectedOidcAccess.length +
    expectedOidcAccess.filter(([, method]) => method === "GET").length;
  equal(cells, rows * callers.length);
  Deno.stdout.writeSync(new TextEncoder().encode(`access matrix: ${cells} cells as expected\n`));
});

Deno.test("the expected access names every operation of the services, and no other", () => {
  const pattern = (path: string) => path.replaceAll(/\{\w+\}|:\w+/g, "*");
  const named = expectedAccess.map(([path, method]) => `${method} ${pattern(path)}`);
  const served = services.flatMap(({ routes }) =>
    Object.values(routes).map(({ method, path }) => `${method.toUpperCase()} ${pattern(path)}`)
  );
  deepEqual(named.toSorted(), served.toSorted());
});
