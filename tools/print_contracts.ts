/** `deno task print`: writes the documents that the services' tables describe. */
import { contractDocuments } from "./contracts.ts";

const root = new URL("../", import.meta.url).pathname;

await Deno.mkdir(`${root}docs/openapi`, { recursive: true });
for (const [path, text] of contractDocuments()) await Deno.writeTextFile(root + path, text);
