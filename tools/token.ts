/** `deno task token [email] [--dir .dev]`: prints an access token of a demo user. */
import { parseArgs } from "node:util";
import { openEdgeClient, signIn } from "./client/mod.ts";
import { demoRedirectUri, readCredentials } from "./platform/mod.ts";

const { positionals: [email = "alice@example.com"], values: { dir } } = parseArgs({
  allowPositionals: true,
  options: { dir: { type: "string", default: new URL("../.dev", import.meta.url).pathname } },
});

const credentials = await readCredentials(dir);
const user = credentials.users.find((user) => user.email === email);
if (!user) {
  throw new Error(`Cannot sign in: "${email}" is not among the users of .dev/credentials.json`);
}
using edge = await openEdgeClient(credentials);
const { issuer } = credentials;
const redirectUri = demoRedirectUri;
const { access_token: token } = await signIn(edge, { ...user, redirectUri, issuer });
Deno.stdout.writeSync(new TextEncoder().encode(`${token}\n`));
