import { deepEqual, rejects } from "node:assert/strict";
import { silentLogger as log } from "platform/telemetry";
import type { GatewayApp } from "./app.ts";
import { parseGatewayConfig } from "./gateway_config.ts";
import { LiveApp } from "./live_app.ts";
import { LiveGateway } from "./live_gateway.ts";

const app: GatewayApp = { fetch: () => Promise.resolve(new Response()) };

function configOf(service: string) {
  const yaml = `
_format_version: "3.0"
services: [{ name: ${service}, url: "https://${service}" }]
`;
  return parseGatewayConfig(yaml, "gateway.yaml");
}

Deno.test("what outlives configurations is told of each that comes in force, and of none that does not", async () => {
  const told: string[][] = [];
  let canSave = true;
  const config = configOf("one");
  const edges = new LiveApp({
    config,
    open: () => app,
    ready: ({ services }) => () => void told.push([...services.values()].map(({ name }) => name!)),
  });
  const live = new LiveGateway({
    config,
    edges,
    save: () => canSave ? Promise.resolve() : Promise.reject(new Error("the disk is full")),
    log,
  });
  await live.replace(configOf("two"));
  await live.change(() => ({ state: configOf("three").state }));
  canSave = false;
  await rejects(live.change(() => ({ state: configOf("four").state })));
  deepEqual(told, [["one"], ["two"], ["three"]]);
});
