import { deepEqual, equal, ok } from "node:assert/strict";
import { createLogger } from "platform/telemetry";
import { ConsulError } from "./consul_api.ts";
import { persevere } from "./perseverance.ts";

/** What is logged and how long is rested while steps end as told, one after the other. */
async function run(
  ends: readonly (Error | "well")[],
): Promise<{ told: string[]; restsMs: number[] }> {
  const stopping = new AbortController();
  const told: string[] = [];
  const restsMs: number[] = [];
  const log = createLogger({ service: "test", write: (line) => void told.push(line) });
  let step = 0;
  await persevere(
    {
      failure: "Cannot do it",
      fields: {},
      log,
      rest: (ms) => Promise.resolve(void restsMs.push(ms)),
    },
    stopping.signal,
    () => {
      const end = ends[step++]!;
      if (step === ends.length) stopping.abort();
      return end === "well" ? Promise.resolve({ restMs: 7 }) : Promise.reject(end);
    },
  );
  return { told: told.map((line) => JSON.parse(line)["error.message"]), restsMs };
}

const away = new ConsulError("away", undefined);
const refused = new ConsulError("refused", 403);

Deno.test("a failure is told once, until another follows or a step succeeds", async () => {
  const { told } = await run([away, away, refused, refused, away, "well", away, away, "well"]);
  deepEqual(told, ["away", "refused", "away", "away"]);
});

Deno.test("pauses after failures grow from a quarter of a second to ten, at random, and begin anew", async () => {
  const { restsMs } = await run([...Array(12).fill(away), "well", away, "well"]);
  const bounds = [250, 500, 1_000, 2_000, 4_000, 8_000, ...Array(6).fill(10_000), 7, 250];
  for (const [index, bound] of bounds.entries()) {
    ok(restsMs[index]! <= bound, `${restsMs[index]} after failure ${index}`);
  }
  equal(restsMs[12], 7);
  equal(new Set(restsMs.slice(0, 12)).size, 12);
});

Deno.test("a step that ends because it must stop is no failure", async () => {
  deepEqual((await run(["well", away])).told, []);
});
