import { deepEqual, equal, ok } from "node:assert/strict";
import type { Stores } from "@services/auth/adapters";
import { openEmbeddedStores } from "@services/auth/adapters";
import { ciphersOf } from "@services/auth/ciphers";
import { AuthServer, Browser, redirectUri, type Tokens } from "@services/auth/testing";
import { TestKeyRing } from "platform/crypto/testing";
import { lacks } from "tools/servers";
import { TestMongodb } from "../fixtures/mongodb_stores.ts";

/** `deno task test:single-use` has a thousand. */
const uses = Number(Deno.env.get("SINGLE_USES") ?? 100);
const processes = 3;
const email = "ada@example.com";
const password = "four plain words together";

/** Something that is good once. */
interface Ticket {
  /** Uses it, by one of the servers. */
  readonly use: (server: AuthServer) => Promise<Response>;
  /** What there must be exactly one of among the answers with 200; undefined: one such answer. */
  readonly fruit?: (answer: unknown) => string;
}

type Kind = (servers: readonly AuthServer[]) => Promise<Ticket>;

const kinds: Readonly<Record<string, Kind>> = {
  async "refresh token, within the grace"([server]) {
    const { refresh_token: token } = await new Browser(server!).tokens(email, password);
    return {
      use: (server) => new Browser(server).refresh(token),
      fruit: (answer) => (answer as Tokens).refresh_token,
    };
  },

  async "authorization code"([server]) {
    const browser = new Browser(server!);
    const code = await browser.signIn(email, password);
    return { use: (server) => new Browser(server).redeem(code, browser.verifier) };
  },

  async "device code"([server]) {
    const asked = await server!.post("/oidc/device/auth", { "client_id": "tv", scope: "openid" });
    const { device_code: code, user_code: userCode } = await asked.json();
    const browser = new Browser(server!);
    const page = await (await browser.fill("/oidc/device", { "user_code": userCode })).text();
    const hidden = Object.fromEntries(
      [...page.matchAll(/name="(xsrf|user_code)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
    const form = await browser.follow(
      await browser.post("/oidc/device", { ...hidden, confirm: "yes" }),
    );
    await form.body?.cancel();
    await browser.follow(await browser.post(browser.at, { email, password }));
    return {
      use: (server) =>
        server.post("/oidc/token", {
          "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
          "client_id": "tv",
          "device_code": code,
        }),
    };
  },

  async "pushed authorization request"(servers) {
    const browsers = new Map(servers.map((server) => [server, new Browser(server)]));
    for (const browser of browsers.values()) await browser.signIn(email, password);
    const url = new URL(await browsers.get(servers[0]!)!.authorizationUrl(), redirectUri);
    const pushed = await servers[0]!.post("/oidc/request", Object.fromEntries(url.searchParams));
    const { request_uri: uri } = await pushed.json();
    const query = new URLSearchParams({ "client_id": "sallyport-web", "request_uri": uri });
    return {
      async use(server) {
        const answer = await browsers.get(server)!.get(`/oidc/auth?${query}`);
        await answer.body?.cancel();
        // Who is signed in is sent back with a code at once, and with an error otherwise.
        const { searchParams } = new URL(answer.headers.get("location") ?? redirectUri);
        return searchParams.has("code") ? Response.json({}) : new Response(null, { status: 400 });
      },
    };
  },
};

singleUse("SQLite, one file", false, async () => {
  const dir = await Deno.makeTempDir();
  const ciphers = ciphersOf(new TestKeyRing());
  const path = `${dir}/auth.sqlite`;
  const stores = Array.from(
    { length: processes },
    () => openEmbeddedStores({ kind: "embedded", path }, ciphers),
  );
  return { stores, [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }) };
});

singleUse("MongoDB", lacks("mongodb"), async () => {
  const mongodb = await TestMongodb.start();
  const stores = await mongodb.openReplicas(processes);
  return { stores, [Symbol.asyncDispose]: () => mongodb[Symbol.asyncDispose]() };
});

interface Replicas extends AsyncDisposable {
  readonly stores: readonly Stores[];
}

function singleUse(adapter: string, ignore: boolean, open: () => Promise<Replicas>): void {
  Deno.test({
    name: `of ${uses} who use the same at once over three servers, one has it: ${adapter}`,
    ignore,
    async fn(t) {
      await using opening = new AsyncDisposableStack();
      const replicas = opening.use(await open());
      const servers = await AuthServer.openAll(replicas.stores);
      for (const server of servers) opening.use(server);
      await servers[0]!.addUser(email, password);
      for (const [kind, make] of Object.entries(kinds)) {
        await t.step(kind, async () => await useUp(adapter, kind, servers, await make(servers)));
      }
    },
  });
}

async function useUp(
  adapter: string,
  kind: string,
  servers: readonly AuthServer[],
  { use, fruit }: Ticket,
): Promise<void> {
  const startedMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: uses }, (_, at) => patiently(() => use(servers[at % servers.length]!))),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const statuses = answers.map(({ status }) => status);
  const good = answers.filter(({ status }) => status === 200);
  const bodies = await Promise.all(good.map(async (answer) => await answer.json()));
  await Promise.all(
    answers.filter(({ status }) => status !== 200).map(({ body }) => body?.cancel()),
  );
  const fruits = new Set(fruit ? bodies.map(fruit) : bodies.map((_, at) => String(at)));
  print(adapter, kind, { answered: good.length, refused: uses - good.length, fruits, seconds });
  equal(fruits.size, 1);
  if (fruit) deepEqual(new Set(statuses), new Set([200]));
  else ok(statuses.every((status) => status === 200 || status === 400), String(new Set(statuses)));
}

/** A store that is asked by so many is slow: who is told to come again does. */
async function patiently(use: () => Promise<Response>): Promise<Response> {
  for (let tries = 1;; tries++) {
    const answer = await use();
    if (answer.status !== 503 || tries === 20) return answer;
    await answer.body?.cancel();
  }
}

function print(
  adapter: string,
  kind: string,
  { answered, refused, fruits, seconds }: {
    readonly answered: number;
    readonly refused: number;
    readonly fruits: ReadonlySet<string>;
    readonly seconds: number;
  },
): void {
  const line = [
    adapter.padEnd(18),
    kind.padEnd(32),
    `${answered} answered`.padEnd(14),
    `${refused} refused`.padEnd(13),
    `${fruits.size} distinct`.padEnd(12),
    `${seconds.toFixed(1)} s`,
  ].join(" ");
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
