import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { openEdgeClient, signIn } from "tools/client";
import {
  demoRedirectUri,
  ensureDevelopmentFolder,
  freePorts,
  type Ports,
  type ProgramName,
  programsOf,
  startPlatform,
  Supervisor,
} from "tools/platform";
import { eventually } from "../fixtures/eventually.ts";
import {
  call,
  openTestPlatform,
  placeOrder,
  products,
  type TestPlatform,
} from "../fixtures/platform.ts";

const programs: readonly ProgramName[] = ["psp", "auth", "payment", "orders", "gateway"];

Deno.test("the platform survives crashes, stops in order, and keeps its data", async (t) => {
  await using platform = await openTestPlatform();
  const token = await platform.tokenOf("alice");

  for (const name of ["orders", "gateway", "auth"] as const) {
    await t.step(`a crash of ${name} is reported, and ${name} serves again`, async () => {
      const { supervisor, reports } = platform;
      const pid = supervisor.pid(name);
      supervisor.kill(name);
      await supervisor.restarted(name, pid);
      ok(supervisor.pid(name) !== pid);
      const told = reports.filter((report) => report.startsWith(`${name} ended`));
      equal(told.length, 1);
      match(told[0]!, /SIGKILL.*starting it again in \d+ ms/);
      await eventually(`${name} serves`, () => serves(platform, token));
    });
  }

  await t.step("what lies on disk is readable by its owner only", () => isPrivate(platform.dir));

  let orderId: unknown;
  await t.step(
    "a stop lets the answers in flight finish, and every program ends with 0",
    async () => {
      const [product] = await products(platform);
      const known = await orderIds(platform, token);
      const posting = placeOrder(platform, {
        token,
        productId: product!.id,
        paymentMethod: "pm_card_slow",
      });
      let isAnswered = false;
      posting.then(() => isAnswered = true);
      await eventually("the order is under way", async () => {
        return (await orderIds(platform, token)).length > known.length;
      });
      equal(isAnswered, false, "the answer is still to come when the stop begins");
      const stopping = platform.supervisor.stop();
      const { status, body } = await posting;
      equal(status, 201);
      orderId = body["id"];
      equal(await stopping, true);
      equal(await stoppedOrderly(platform.dir), programs.length);
    },
  );

  await t.step("after the stop, no port is open", async () => {
    for (const [name, port] of Object.entries(platform.ports)) {
      await rejects(
        async () => (await Deno.connect({ hostname: "127.0.0.1", port })).close(),
        Deno.errors.ConnectionRefused,
        name,
      );
    }
  });

  await t.step("the next start keeps people, orders and certificates", async () => {
    await secondStart(platform, String(orderId));
  });
});

async function secondStart(
  { dir, ports, credentials }: TestPlatform,
  orderId: string,
): Promise<void> {
  const ca = await Deno.readTextFile(credentials.caFile);
  const reports: string[] = [];
  const report = (message: string) => void reports.push(message);
  await using again = await startPlatform({ dir, ports, report });
  deepEqual(again.credentials, credentials);
  equal(await Deno.readTextFile(credentials.caFile), ca);

  using edge = await openEdgeClient(again.credentials);
  const alice = again.credentials.users.find(({ email }) => email.startsWith("alice@"))!;
  const { access_token: token } = await signIn(edge, { ...alice, redirectUri: demoRedirectUri });
  // It was left in the middle of its payment: the saga goes on where it was.
  const order = await eventually("the order is confirmed", async () => {
    const { status, body } = await call({ edge }, `/orders/${orderId}`, { token });
    equal(status, 200);
    return body["status"] === "confirmed" && body;
  });
  ok(order["paymentId"]);
  deepEqual(reports.filter((report) => report.includes('"log.level":"error"')), []);
}

Deno.test("a port in use is said plainly, and the start fails", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  try {
    const ports = freePorts();
    await ensureDevelopmentFolder(dir, ports);
    const taken: [ProgramName, keyof Ports][] = [
      ["auth", "auth"],
      ["auth", "authAdmin"],
      ["gateway", "gateway"],
      ["psp", "psp"],
    ];
    for (const [name, portName] of taken) {
      await t.step(`${name} says that its port ${portName} is in use`, async () => {
        using _taken = Deno.listen({ hostname: "127.0.0.1", port: ports[portName] });
        const lines: string[] = [];
        const program = programsOf({ dir, ports }).filter((program) => program.name === name);
        await rejects(
          Supervisor.start({
            programs: program,
            onLine: (_name, line) => void lines.push(line),
            report() {},
          }),
          { message: `${name} ended: exit 1` },
        );
        const said = lines.find((line) => line.includes("a port is in use"));
        ok(said, lines.join("\n"));
        ok(said.includes(String(ports[portName])), said);
      });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

async function serves(platform: TestPlatform, token: string): Promise<boolean> {
  try {
    const orders = await call(platform, "/orders", { token });
    const me = await call(platform, "/users/me", { token });
    return orders.status === 200 && me.status === 200;
  } catch {
    // The connection went with the process.
    return false;
  }
}

async function orderIds(platform: TestPlatform, token: string): Promise<unknown[]> {
  const { body } = await call(platform, "/orders?limit=100", { token });
  return (body["items"] as { id: unknown }[]).map(({ id }) => id);
}

/** How many programs have written that they stopped as asked. */
async function stoppedOrderly(dir: string): Promise<number> {
  const logs = await Promise.all(
    programs.map((name) => Deno.readTextFile(`${dir}/logs/${name}.log`)),
  );
  return logs.filter((log) => log.trimEnd().split("\n").at(-1)?.includes("Program stopped")).length;
}

/** Checks that folders are 0700 and files 0600, all the way down. */
async function isPrivate(dir: string): Promise<void> {
  const open: string[] = [];
  let files = 0;
  const walk = async (at: string) => {
    for await (const { name, isDirectory } of Deno.readDir(at)) {
      const path = `${at}/${name}`;
      const mode = ((await Deno.stat(path)).mode ?? 0) & 0o777;
      if (mode !== (isDirectory ? 0o700 : 0o600)) open.push(`${path} ${mode.toString(8)}`);
      if (isDirectory) await walk(path);
      else files++;
    }
  };
  await walk(dir);
  deepEqual(open, []);
  ok(files > 20, "there is something to look at");
}
