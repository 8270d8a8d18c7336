import { parseArgs } from "node:util";
import { pause } from "platform/lifecycle";
import { dueAt } from "./authority_rotation.ts";
import { programs } from "./programs.ts";
import {
  type CertificateChanges,
  ensureCertificates,
  renew,
  revoke,
  rotateAuthority,
} from "./store.ts";

const usage =
  `Usage: certs [issue | renew [program] | revoke <program> | rotate-ca] [--dir .dev/tls]
  issue      makes what is missing or soon expires (the default)
  renew      makes new leaves, for one program or for all
  revoke     denies a program's leaf and makes it a new one
  rotate-ca  replaces the CA while everything runs, and goes on where it was stopped
             [--overlap-seconds 30] is how long each of its three phases lasts`;

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

const { positionals: [command = "issue", program], values } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    dir: { type: "string", default: ".dev/tls" },
    "overlap-seconds": { type: "string", default: "30" },
  },
});
const { dir } = values;

const known: readonly string[] = programs;
if (program !== undefined && !known.includes(program)) {
  say(`Cannot ${command} certificate: no program "${program}" among ${programs.join(", ")}`);
  Deno.exit(2);
}

function report({ authority, issued }: CertificateChanges): void {
  say(`CA ${authority}; leaves issued: ${issued.join(", ") || "none, all are good"}`);
}

/** Each phase is written down before the next: a run that was stopped goes on with the one it was in. */
async function rotate(): Promise<void> {
  await rotateAuthority(dir, Number(values["overlap-seconds"]), new Date());
  for (;;) {
    const changes = await ensureCertificates(dir, programs, new Date());
    report(changes);
    const { rotation } = changes;
    if (!rotation) break;
    const remainingMs = dueAt(rotation).getTime() - Date.now();
    say(`Phase "${rotation.phase}" lasts another ${Math.ceil(remainingMs / 1000)} s`);
    await pause(remainingMs, new AbortController().signal);
  }
  say("The CA is replaced");
}

/** @returns the exit code. */
async function run(now: Date): Promise<number> {
  if (command === "issue") {
    report(await ensureCertificates(dir, program ? [program] : programs, now));
  } else if (command === "renew") {
    await renew(dir, program ? [program] : programs, now);
    say(`Leaves issued: ${program ?? programs.join(", ")}`);
  } else if (command === "revoke" && program !== undefined) {
    say(`Revoked: ${await revoke(dir, program, now)}, leaf issued: ${program}`);
  } else if (command === "rotate-ca" && program === undefined) {
    await rotate();
  } else {
    say(usage);
    return 2;
  }
  return 0;
}

try {
  Deno.exit(await run(new Date()));
} catch (thrown) {
  say((thrown as Error).message);
  Deno.exit(1);
}
