import { deepEqual, equal, ok } from "node:assert/strict";
import { eventually } from "../fixtures/eventually.ts";
import { call, openTestPlatform } from "../fixtures/platform.ts";

const shipped = await Deno.readTextFile(new URL("../../gateway/gateway.yaml", import.meta.url));
const changed = shipped.replace('paths: ["~/ledger/balance$"]', 'paths: ["~/balance$"]');
const broken = `${shipped}servics: []\n`;

Deno.test("gateway.yaml is reloaded while requests go on: a bad file is refused with its line, and none fails", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sallyport_" });
  const file = `${folder}/gateway.yaml`;
  await Deno.writeTextFile(file, shipped);
  await using platform = await openTestPlatform({
    extraEnv: { gateway: { GATEWAY_CONFIG_FILE: file } },
  });
  const lines: string[] = [];
  using _ = platform.onLine((_name, line) => void lines.push(line));
  const load = steadyLoad(() => call(platform, "/products"));

  const statusOf = async (path: string) => (await call(platform, path)).status;
  deepEqual([await statusOf("/ledger/balance"), await statusOf("/balance")], [401, 404]);
  await Deno.writeTextFile(file, changed);
  await eventually("the new file is in force", async () => await statusOf("/balance") === 401);
  equal(await statusOf("/ledger/balance"), 404);
  await Deno.writeTextFile(file, broken);
  const refusal = await eventually(
    "the bad file is refused",
    () => lines.find((line) => line.includes("servics: unknown field")),
  );
  ok(/gateway\.yaml:\d+: servics/.test(refusal), refusal);
  equal(await statusOf("/balance"), 401);
  await Deno.writeTextFile(file, shipped);
  await eventually("the old file is back", async () => await statusOf("/balance") === 404);

  const seen = await load.end();
  ok(seen.length > 50, `${seen.length} requests`);
  deepEqual(seen.filter(({ status }) => status !== 200), []);
  await Deno.remove(folder, { recursive: true });
});

/** Asks again and again, four callers at a time, until it is ended. */
function steadyLoad<Answer>(ask: () => Promise<Answer>) {
  const seen: Answer[] = [];
  let isOver = false;
  const callers = Array.from({ length: 4 }, async () => {
    while (!isOver) seen.push(await ask());
  });
  return {
    async end(): Promise<readonly Answer[]> {
      isOver = true;
      await Promise.all(callers);
      return seen;
    },
  };
}
