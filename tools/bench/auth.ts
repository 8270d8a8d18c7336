/**
 * What one core of the auth server does: tokens for programs, refreshes and sign-ins, each per second of
 * its own CPU time, beside what Keycloak's sizing guide says of a vCPU. Prints a Markdown table. Auth runs
 * as its own process on embedded stores, and is asked over mutual TLS as the gateway asks it.
 *
 *     deno task bench:auth
 */
import {
  demoRedirectUri,
  freePorts,
  type RunningPlatform,
  startPlatform,
} from "../platform/mod.ts";
import { type EdgeClient, signIn, type SignInOptions } from "../client/mod.ts";
import { cpuSecondsOf } from "./cpu_seconds.ts";

const tokens = 3_000;
const refreshChains = 16;
const refreshesPerChain = 100;
const signIns = 60;
/** How many are under way at a time: as many as keep the process busy. */
const concurrency = 8;
const passwordsAtATime = 4;
/** https://www.keycloak.org/high-availability/concepts-memory-and-cpu-sizing, per vCPU and second. */
const keycloak = { signIns: 15, tokens: 120, refreshes: 120 };

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));

const dir = await Deno.makeTempDir({ prefix: "sallyport_bench_" });
try {
  await using platform = await startPlatform({
    dir,
    ports: freePorts(),
    without: ["psp", "payment", "orders", "gateway"],
    report: say,
  });
  using auth = await openAuth(platform);
  const pid = platform.supervisor.pid("auth");
  const { users, clients } = platform.credentials;
  const machine = clients.find(({ client_id: id }) => id === "demo-machine")!;
  const person = (at: number): SignInOptions => ({
    ...users[at % users.length]!,
    redirectUri: demoRedirectUri,
    scope: "openid offline_access",
  });

  const measured = async (
    count: number,
    atATime: number,
    one: (at: number) => Promise<unknown>,
  ) => {
    const [startedMs, before] = [performance.now(), cpuSecondsOf(pid)];
    let next = 0;
    await Promise.all(Array.from({ length: atATime }, async () => {
      for (let at = next++; at < count; at = next++) await one(at);
    }));
    const seconds = (performance.now() - startedMs) / 1000;
    return { perSecond: count / seconds, perCpuSecond: count / (cpuSecondsOf(pid) - before) };
  };

  const basic = `Basic ${btoa(`${machine.client_id}:${machine.client_secret}`)}`;
  const token = () => ask(auth, { "grant_type": "client_credentials" }, { authorization: basic });
  const refresh = async (token: string) =>
    (await ask(auth, {
      "grant_type": "refresh_token",
      "client_id": "sallyport-web",
      "refresh_token": token,
    })).refresh_token;

  await measured(500, concurrency, token);
  const forTokens = await measured(tokens, concurrency, token);
  const chains: string[] = [];
  for (let at = 0; at < refreshChains; at++) {
    chains.push((await signIn(auth, person(at))).refresh_token!);
  }
  // One refresh of a chain at a time: whoever finds it under way is told another's answer.
  const perChain = await measured(refreshChains, refreshChains, async (chain) => {
    for (let done = 0; done < refreshesPerChain; done++) {
      chains[chain] = await refresh(chains[chain]!);
    }
  });
  const forRefreshes = {
    perSecond: perChain.perSecond * refreshesPerChain,
    perCpuSecond: perChain.perCpuSecond * refreshesPerChain,
  };
  const forSignIns = await measured(signIns, passwordsAtATime, (at) => signIn(auth, person(at)));

  say("| what | per second | per CPU second | Keycloak, per vCPU | ratio |");
  say("| --- | --- | --- | --- | --- |");
  const row = (name: string, { perSecond, perCpuSecond }: typeof forTokens, theirs: number) =>
    say(
      `| ${name} | ${perSecond.toFixed(0)} | ${perCpuSecond.toFixed(0)} | ${theirs} | ` +
        `${(perCpuSecond / theirs).toFixed(1)} |`,
    );
  row("client_credentials", forTokens, keycloak.tokens);
  row("refresh_token, with rotation", forRefreshes, keycloak.refreshes);
  row("sign-in, from the form to the token", forSignIns, keycloak.signIns);
} finally {
  await Deno.remove(dir, { recursive: true });
}

async function ask(
  auth: EdgeClient,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly refresh_token: string }> {
  const body = new URLSearchParams({ ...form });
  const response = await auth.fetch("/oidc/token", { method: "POST", headers, body });
  const answer = await response.json();
  if (response.status !== 200) {
    throw new Error(`Cannot measure: the answer was ${response.status} ${answer.error}`);
  }
  return answer;
}

/** Auth itself, asked with the gateway's certificate. */
async function openAuth(
  { dir, ports, credentials: { edgeUrl } }: RunningPlatform,
): Promise<EdgeClient> {
  const read = (name: string) => Deno.readTextFile(`${dir}/tls/${name}`);
  const [cert, key, ca] = await Promise.all(
    ["gateway/cert.pem", "gateway/key.pem", "ca.pem"].map(read),
  );
  const client = Deno.createHttpClient({ cert: cert!, key: key!, caCerts: [ca!] });
  return {
    url: edgeUrl,
    // There is no edge: what a browser would ask it for, auth is asked for.
    fetch(path, init) {
      const { pathname, search } = new URL(path, edgeUrl);
      return fetch(`https://localhost:${ports.auth}${pathname}${search}`, {
        redirect: "manual",
        ...init,
        client,
      });
    },
    [Symbol.dispose]: () => client.close(),
  };
}
