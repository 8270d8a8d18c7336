import { deepEqual, equal, match } from "node:assert/strict";
import { ensureDevelopmentFolder, freePort, freePorts, programsOf } from "tools/platform";
import { lacks, postgresUrl, startPostgres } from "tools/servers";
import { eventually } from "../fixtures/eventually.ts";

const root = new URL("../../", import.meta.url).pathname;

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** With these rights and these variables, and no others. */
function command(args: readonly string[], env: Readonly<Record<string, string>>): Deno.Command {
  const runtime = ["DENO_DIR", "HOME", "XDG_CACHE_HOME"].flatMap((variable) => {
    const value = Deno.env.get(variable);
    return value === undefined ? [] : [[variable, value] as const];
  });
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...args],
    cwd: root,
    clearEnv: true,
    env: { ...Object.fromEntries(runtime), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function ended(child: Deno.Command): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test({
  name: "orders start on a migrated PostgreSQL only, and are ready while it is there",
  ignore: lacks("postgres"),
  async fn() {
    await using opened = new AsyncDisposableStack();
    const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
    opened.defer(() => Deno.remove(dir, { recursive: true }));
    const ports = freePorts();
    await ensureDevelopmentFolder(dir, ports);
    const place = { dataDir: `${dir}/postgres`, tlsDir: `${dir}/tls`, port: freePort() };
    const server = opened.use(await startPostgres(place));
    const extraEnv = { orders: { ORDERS_POSTGRES_URL: postgresUrl(place.port, "orders") } };
    const { entry, flags, env } = programsOf({ dir, ports, extraEnv })
      .find(({ name }) => name === "orders")!;
    const orders = command(["-P=orders", ...flags, entry], env);
    const migrate = () => ended(command(["-P=migrate", "tools/migrate.ts"], env));
    const statusOf = async (path: string) => {
      const url = `http://127.0.0.1:${ports.ordersAdmin}${path}`;
      // Until it listens, it is not ready.
      const response = await fetch(url).catch(() => undefined);
      await response?.body?.cancel();
      return response?.status;
    };

    const refused = await ended(orders);
    equal(refused.code, 1);
    match(refused.text, /ORDERS_POSTGRES_URL: The database lacks .+: run `deno task migrate`/);

    deepEqual(appliedIn(await migrate()).length > 0, true);
    deepEqual(appliedIn(await migrate()), []);

    const running = orders.spawn();
    const output = Promise.all([running.stdout.text(), running.stderr.text()]);
    try {
      await eventually("orders are ready", async () => await statusOf("/readyz") === 204);
      await server.kill();
      await eventually("orders are not ready", async () => await statusOf("/readyz") === 503);
      equal(await statusOf("/livez"), 204);
      await server.start();
      await eventually("orders are ready again", async () => await statusOf("/readyz") === 204);
    } finally {
      running.kill("SIGTERM");
    }
    const [text] = await output;
    equal((await running.status).code, 0, text);
  },
});

/** What the task says that it has applied. */
function appliedIn({ code, text }: Ended): readonly string[] {
  equal(code, 0, text);
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  return lines.find(({ message }) => message === "Schema is up to date")["migration.applied"];
}
