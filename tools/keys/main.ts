/** `deno task keys:rotate`: a new data-encryption key for every program of a running platform. */
import { parseArgs } from "node:util";
import { parseEnv } from "platform/config";
import { kmsConfigOf, kmsVariables, openKeyWrapping } from "platform/crypto";
import { defaultPorts } from "../platform/mod.ts";
import { developmentPrograms, rotationFileOf } from "./development_programs.ts";
import type { EncryptingProgram } from "./encrypting_program.ts";
import { retireKeys, rotateKeys } from "./rotate_keys.ts";

const usage = `Usage: keys:rotate [--retire] [--dir .dev] [--admin <program>=<url>]...
  adds a key to each program's ring, makes it current, and waits until nothing is left under another;
  interrupted anywhere, the next run goes on
  --retire   removes the old keys instead, once nothing is under them: old backups cannot be read any more
  --dir      the folder with keys/encryption_<program>.json
  --admin    the admin addresses of a program's processes, when they are not the default's`;

const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

const { values: { dir, retire, admin, help } } = parseArgs({
  args: Deno.args,
  options: {
    dir: { type: "string", default: ".dev" },
    retire: { type: "boolean", default: false },
    admin: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
});

/** Those of the command line, or else where the development platform has it. */
function withAdmin(program: EncryptingProgram): EncryptingProgram {
  const prefix = `${program.name}=`;
  const urls = admin.filter((given) => given.startsWith(prefix))
    .map((given) => given.slice(prefix.length));
  return urls.length > 0 ? { ...program, adminUrls: urls } : program;
}

if (help) {
  print(usage);
  Deno.exit(0);
}
try {
  const kms = kmsConfigOf(parseEnv(kmsVariables, (name) => Deno.env.get(name)));
  using wrapping = await openKeyWrapping(kms);
  const options = {
    programs: developmentPrograms(dir, defaultPorts).map(withAdmin),
    rotationFile: rotationFileOf(dir),
    wrapping,
    report: print,
    now: () => new Date(),
  };
  if (retire) await retireKeys(options);
  else print(`Done: ${await rotateKeys(options)} is current`);
} catch (thrown) {
  print((thrown as Error).message);
  Deno.exit(1);
}
