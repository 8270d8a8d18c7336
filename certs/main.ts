import { parseArgs } from "node:util";
import { programs } from "./programs.ts";
import { ensureCertificates, renew, revoke } from "./store.ts";

const usage = `Usage: certs [issue | renew [program] | revoke <program>] [--dir .dev/tls]
  issue    makes what is missing or soon expires (the default)
  renew    makes new leaves, for one program or for all
  revoke   denies a program's leaf and makes it a new one`;

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

const { positionals: [command = "issue", program], values: { dir } } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { dir: { type: "string", default: ".dev/tls" } },
});

const known: readonly string[] = programs;
if (program !== undefined && !known.includes(program)) {
  say(`Cannot ${command} certificate: no program "${program}" among ${programs.join(", ")}`);
  Deno.exit(2);
}

const now = new Date();
if (command === "issue") {
  const { authority, issued } = await ensureCertificates(dir, program ? [program] : programs, now);
  say(`CA ${authority}; leaves issued: ${issued.join(", ") || "none, all are good"}`);
} else if (command === "renew") {
  await renew(dir, program ? [program] : programs, now);
  say(`Leaves issued: ${program ?? programs.join(", ")}`);
} else if (command === "revoke" && program !== undefined) {
  say(`Revoked: ${await revoke(dir, program, now)}, leaf issued: ${program}`);
} else {
  say(usage);
  Deno.exit(2);
}
