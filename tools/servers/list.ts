/** Names the real servers that tests on this machine run against, and those they do without. */
import { findServer, serverNames } from "./found.ts";

const rows = serverNames.map((name) => `  ${name.padEnd(10)} ${findServer(name) ?? "not found"}`);
const text = `Real servers:\n${rows.join("\n")}\n`;
Deno.stdout.writeSync(new TextEncoder().encode(text));
