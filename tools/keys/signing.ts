/** `deno task keys:rotate-signing`: another key signs tokens, while everything runs. */
import { parseArgs } from "node:util";
import { pause } from "platform/lifecycle";
import { advanceSigningRotation, beginSigningRotation } from "./signing_key_store.ts";

const usage = `Usage: keys:rotate-signing [--file .dev/keys/signing.json]
  [--publish-seconds 90]  how long verifiers have to learn the new key before it signs
  [--retire-seconds 330]  how long the old key is published after that
Goes on where it was stopped.`;

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

function options() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        file: { type: "string", default: ".dev/keys/signing.json" },
        "publish-seconds": { type: "string", default: "90" },
        "retire-seconds": { type: "string", default: "330" },
      },
    }).values;
  } catch {
    say(usage);
    Deno.exit(2);
  }
}

async function rotate(): Promise<void> {
  const values = options();
  const waits = {
    publishSeconds: Number(values["publish-seconds"]),
    retireSeconds: Number(values["retire-seconds"]),
  };
  const { file } = values;
  await beginSigningRotation(file, waits, new Date());
  for (;;) {
    const rotation = await advanceSigningRotation(file, waits, new Date());
    if (!rotation) break;
    const { phase, kid, dueAt } = rotation;
    const remainingMs = dueAt.getTime() - Date.now();
    say(`Key ${kid}: phase "${phase}" lasts another ${Math.ceil(remainingMs / 1000)} s`);
    await pause(remainingMs, new AbortController().signal);
  }
  say("The signing key is replaced");
}

try {
  await rotate();
  Deno.exit(0);
} catch (thrown) {
  say((thrown as Error).message);
  Deno.exit(1);
}
