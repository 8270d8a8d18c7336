import { platformServers } from "tools/servers";
import { type FaultRow, faultTable, runFaults } from "../fixtures/faults.ts";
import { lacksRealPlatform, openRealPlatform } from "../fixtures/real_platform.ts";

/** `deno task faults` lets each last for ten seconds. */
const faultMs = Number(Deno.env.get("FAULT_MS") ?? 2_000);

Deno.test({
  name: "The platform stands each of its servers killed, paused and cut off under load",
  ignore: lacksRealPlatform,
  async fn() {
    await using platform = await openRealPlatform();
    const rows: FaultRow[] = [];
    try {
      await runFaults(platform, {
        servers: platformServers,
        faultMs,
        onRow: (row) => rows.push(row),
      });
    } finally {
      Deno.stdout.writeSync(new TextEncoder().encode(`${faultTable(rows)}\n`));
    }
  },
});
