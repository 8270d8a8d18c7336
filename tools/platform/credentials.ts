import { z } from "zod";

const DemoUser = z.object({
  email: z.string(),
  password: z.string(),
  roles: z.array(z.string()),
});

const DemoClient = z.object({
  client_id: z.string(),
  client_secret: z.string().optional(),
  roles: z.array(z.string()),
  redirect_uris: z.array(z.string()).optional(),
});

/** Who may sign in to a development platform, and where: `.dev/credentials.json`. */
export const Credentials = z.object({
  edgeUrl: z.string(),
  issuer: z.string(),
  caFile: z.string(),
  adminUrl: z.string(),
  users: z.array(DemoUser),
  clients: z.array(DemoClient),
});
export type Credentials = z.output<typeof Credentials>;

/** Where a native client of the demo listens for its authorization code, by RFC 8252. */
export const demoRedirectUri = "http://127.0.0.1:8400/callback";

/** The people of the demo, by the local part of their e-mail address. */
export const demoPeople = [
  { email: "alice@example.com", name: "Alice", roles: ["customer"] },
  { email: "bob@example.com", name: "Bob", roles: ["customer"] },
  { email: "olga@example.com", name: "Olga", roles: ["orders"] },
  { email: "paula@example.com", name: "Paula", roles: ["payment"] },
  { email: "audrey@example.com", name: "Audrey", roles: ["auditor"] },
  { email: "ada@example.com", name: "Ada", roles: ["admin"] },
] as const;

/** @throws {Deno.errors.NotFound} when no platform was ever started in `dir`. */
export async function readCredentials(dir: string): Promise<Credentials> {
  return Credentials.parse(JSON.parse(await Deno.readTextFile(`${dir}/credentials.json`)));
}
