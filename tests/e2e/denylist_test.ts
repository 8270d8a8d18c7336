import { equal, ok } from "node:assert/strict";
import { signIn } from "tools/client";
import { demoRedirectUri } from "tools/platform";
import { eventually } from "../fixtures/eventually.ts";
import { call, openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";
import { lacksRealPlatform, openRealPlatform } from "../fixtures/real_platform.ts";

/** From the moment that the change was answered. */
const effectMs = 5_000;

/** What a customer may read of each program, and the program's own port behind the edge. */
const reads = { auth: "/users/me", orders: "/orders", payment: "/payments" } as const;
type Service = keyof typeof reads;
const services = Object.keys(reads) as Service[];

for (
  const [stores, open, lacking] of [
    ["embedded stores", openTestPlatform, false],
    ["real stores", openRealPlatform, lacksRealPlatform],
  ] as const
) {
  Deno.test({
    name: `a change of roles and a disable end older tokens everywhere within 5 s, on ${stores}`,
    ignore: lacking,
    async fn(t) {
      await using platform = await open();
      using inner = await openInner(platform);
      const eve = await signUp(platform);
      const admin = await platform.tokenOf("ada");
      const before = await tokenOf(platform, eve);
      equal((await statuses(platform, inner, before)).join(), "200,200,200,200,200,200");

      await t.step("roles", async () => {
        const { headers } = await call(platform, `/users/${eve.id}`, { token: admin });
        const changed = await call(platform, `/users/${eve.id}/roles`, {
          method: "PUT",
          token: admin,
          headers: { "if-match": headers.get("etag") ?? "" },
          body: { roles: ["customer", "auditor"] },
        });
        equal(changed.status, 200);
        const after = await tokenOf(platform, eve);
        equal((await statuses(platform, inner, after)).join(), "200,200,200,200,200,200");
        await refusedEverywhere("a change of roles", platform, inner, before);
        equal((await statuses(platform, inner, after)).join(), "200,200,200,200,200,200");
      });

      await t.step("disabled, and remembered by a program that was killed", async () => {
        const token = await tokenOf(platform, eve);
        const disabling = { method: "POST", token: admin };
        equal((await call(platform, `/users/${eve.id}/disable`, disabling)).status, 200);
        await refusedEverywhere("a disable", platform, inner, token);
        const pid = platform.supervisor.pid("orders");
        platform.supervisor.kill("orders");
        await platform.supervisor.restarted("orders", pid);
        await eventually("orders is back", async () => {
          const { status } = await call(platform, "/orders", { token: admin });
          return status === 200;
        }, { timeoutMs: 30_000 });
        equal(await inner.ask("orders", token), 401);
      });
    },
  });
}

interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

async function signUp(platform: TestPlatform): Promise<Person> {
  const person = { email: `${crypto.randomUUID()}@example.com`, password: crypto.randomUUID() };
  const body = { ...person, name: "Eve" };
  const { body: { id } } = await call(platform, "/users", { method: "POST", body });
  return { id: String(id), ...person };
}

async function tokenOf({ edge }: TestPlatform, { email, password }: Person): Promise<string> {
  const { access_token: token } = await signIn(edge, {
    email,
    password,
    redirectUri: demoRedirectUri,
  });
  return token;
}

/** Asks services behind the edge, as the gateway does. */
interface Inner extends Disposable {
  ask(service: Service, token: string): Promise<number>;
}

async function openInner({ dir, ports }: TestPlatform): Promise<Inner> {
  const read = (name: string) => Deno.readTextFile(`${dir}/tls/${name}`);
  const [cert, key, ca] = await Promise.all(
    ["gateway/cert.pem", "gateway/key.pem", "ca.pem"].map(read),
  );
  const client = Deno.createHttpClient({ cert: cert!, key: key!, caCerts: [ca!] });
  return {
    async ask(service, token) {
      const headers = { authorization: `Bearer ${token}` };
      const url = `https://localhost:${ports[service]}${reads[service]}`;
      const response = await fetch(url, { headers, client });
      await response.body?.cancel();
      return response.status;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

/** Of the edge for each service's path, and of each service itself. */
async function statuses(platform: TestPlatform, inner: Inner, token: string): Promise<number[]> {
  return await Promise.all([
    ...services.map(async (name) => (await call(platform, reads[name], { token })).status),
    ...services.map((name) => inner.ask(name, token)),
  ]);
}

async function refusedEverywhere(
  what: string,
  platform: TestPlatform,
  inner: Inner,
  token: string,
): Promise<void> {
  const startedMs = performance.now();
  await eventually(`the older token is refused after ${what}`, async () => {
    return (await statuses(platform, inner, token)).every((status) => status === 401);
  }, { timeoutMs: effectMs });
  const tookMs = performance.now() - startedMs;
  ok(tookMs < effectMs);
  const line = `${what} is in force everywhere after ${Math.round(tookMs)} ms\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}
