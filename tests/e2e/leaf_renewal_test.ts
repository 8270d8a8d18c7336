import { deepEqual } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { loadEdge } from "../fixtures/edge_load.ts";
import { eventually } from "../fixtures/eventually.ts";
import { openTestPlatform } from "../fixtures/platform.ts";
import { renewLeaves, serialsOf, servers, showsOtherLeaves } from "../fixtures/rotation.ts";

const hourMs = 3_600_000;
const requestsAfter = 50;

Deno.test("leaves in the last third of their day are renewed by the supervisor, and no request fails", async () => {
  const renewalCheckMs = 2_000;
  await using platform = await openTestPlatform({ renewalCheckMs });
  const load = await loadEdge(platform);
  try {
    // Served for a moment, and at the next look no longer good enough.
    const before = await serialsOf(platform);
    await renewLeaves(platform, new Date(Date.now() - 17 * hourMs));
    await eventually("every leaf has its day before it", async () => {
      const leaves = await Promise.all(
        servers.map(async (name) =>
          new X509Certificate(await Deno.readTextFile(`${platform.dir}/tls/${name}/cert.pem`))
        ),
      );
      return leaves.every(({ validTo }) => Date.parse(validTo) - Date.now() > 23 * hourMs);
    });
    await showsOtherLeaves(platform, before);
    await load.passes(requestsAfter);
  } finally {
    await load.stop();
  }
  deepEqual(load.figures.flatMap(({ failures }) => failures), []);
});
