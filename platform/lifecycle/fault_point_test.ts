import { deepEqual } from "node:assert/strict";
import { silentLogger } from "platform/telemetry";
import { createFaultPoints } from "./fault_point.ts";

Deno.test("createFaultPoints lets the program die at the named place and nowhere else", async () => {
  const deaths: string[] = [];
  const markerDir = await Deno.makeTempDir();
  const reach = createFaultPoints({
    point: "payment.after_insert",
    markerDir,
    log: silentLogger,
    die: () => deaths.push("died"),
  });
  reach("payment.before_processor");
  deepEqual(deaths, []);
  reach("payment.after_insert");
  deepEqual(deaths, ["died"]);
});

Deno.test("createFaultPoints lets the next process go on past the place", async () => {
  const deaths: string[] = [];
  const markerDir = await Deno.makeTempDir();
  for (const process of ["first", "second"]) {
    const die = () => deaths.push(process);
    createFaultPoints({ point: "a.b", markerDir, log: silentLogger, die })("a.b");
  }
  deepEqual(deaths, ["first"]);
});
