import { deepEqual, equal } from "node:assert/strict";
import { parseGatewayConfig } from "gateway/configuration";
import { type RouteEntry, RouteTable } from "gateway/route-table";
import { services } from "tools/contracts";

const file = new URL("../../gateway/gateway.yaml", import.meta.url);
const table = new RouteTable(parseGatewayConfig(await Deno.readTextFile(file), "gateway.yaml"));
const isTagged = ({ config: { route } }: RouteEntry) => route.tags?.includes("idempotent") ?? false;
const askFor = (path: string) => ({
  target: { path, search: "" },
  host: "localhost",
  serverName: "",
  request: { headers: new Headers() },
});

Deno.test("the edge repeats by Idempotency-Key on the routes that honour it, and on no others", () => {
  const honouring = new Set<RouteEntry>();
  for (const { name, routes } of services) {
    for (const [operation, { method, path, idempotent }] of Object.entries(routes)) {
      const asked = askFor(path.replaceAll(/:\w+/g, "one"));
      const { entry } = table.find(asked, method.toUpperCase()) ?? {};
      // What the edge does not expose, it does not repeat either.
      if (!entry) continue;
      equal(isTagged(entry), idempotent === true, `${name} ${operation}`);
      if (idempotent) honouring.add(entry);
    }
  }
  equal(honouring.size, 4);
  deepEqual(table.entries.filter(isTagged).filter((entry) => !honouring.has(entry)), []);
});
