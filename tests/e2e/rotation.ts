/**
 * Replaces leaves, CA and signing key of a platform of its own under load, and prints what became of the
 * requests of each phase: `deno task rotation`. Exits 1 when one failed.
 */
import { rotateUnderLoad } from "../fixtures/rotation_under_load.ts";

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

say("| phase | requests | failed |\n|---|---|---|");
const figures = await rotateUnderLoad({
  isWhole: true,
  onPhase: ({ phase, requests, failures }) =>
    say(`| ${phase} | ${requests} | ${failures.length} |`),
});
const failures = figures.flatMap((phase) => phase.failures);
const requests = figures.reduce((sum, phase) => sum + phase.requests, 0);
say(`| all | ${requests} | ${failures.length} |`);
for (const failure of new Set(failures)) say(failure);
Deno.exit(failures.length === 0 ? 0 : 1);
