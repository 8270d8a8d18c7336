// As many idle connections as a client can open: they are bounded, cheap, and in nobody's way (CWE-400, CWE-770).
import { equal } from "node:assert/strict";
import type { ConnectionOptions } from "node:tls";
import { aListeningGateway, type ListeningGateway } from "./gateway_fixture.ts";
import { isAnswered, within } from "./tls_fixture.ts";

/** `deno task bench:idle` opens 10,000. */
const connections = Number(Deno.env.get("LOAD_CONNECTIONS") ?? 2_000);
const answerTimeoutMs = 5_000;
const openTimeoutMs = 10_000 + 10 * connections;

interface IdleClients extends AsyncDisposable {
  /** How many connections were let in. */
  readonly open: number;
}

/** Connections of another process, so that what they cost is not counted as the gateway's. */
async function idleClients(
  { port, ca }: ListeningGateway,
  count: number,
): Promise<IdleClients> {
  const program = new URL("../../tools/bench/idle_clients.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--allow-net=localhost", program, `${port}`, ca],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    clearEnv: true,
  }).spawn();
  const input = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const close = async () => {
    await input.close();
    await reader.cancel();
    await child.status;
  };
  try {
    await input.write(new TextEncoder().encode(`${count}\n`));
    const { value = "" } = await within(openTimeoutMs, reader.read());
    return { open: Number(value), [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

Deno.test(`${connections} idle connections leave room for a client that behaves`, async () => {
  const room = connections + 100;
  const limits = {
    connectionsMax: room,
    connectionsPerNetworkMax: room,
    idleTimeoutMs: 10 * openTimeoutMs,
    handshakeTimeoutMs: openTimeoutMs,
  };
  await using gateway = await aListeningGateway({ limits });
  equal(await gateway.isWell(), true);
  const beforeBytes = Deno.memoryUsage().rss;
  await using clients = await idleClients(gateway, connections);
  equal(clients.open, connections);
  // Told, not judged: other tests run in this process at the same time.
  const eachBytes = (Deno.memoryUsage().rss - beforeBytes) / connections;
  const begunMs = performance.now();
  equal(await within(answerTimeoutMs, gateway.isWell()), true);
  const tookMs = performance.now() - begunMs;
  const told =
    `${connections} idle connections: ${(eachBytes / 1_024).toFixed(1)} MiB per 1,000, ` +
    `another client is answered in ${tookMs.toFixed(0)} ms\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(told));
});

Deno.test("What one network may hold is bounded by connectionsPerNetworkMax, and given back", async () => {
  const limits = { connectionsPerNetworkMax: 50 };
  await using gateway = await aListeningGateway({ limits });
  {
    await using clients = await idleClients(gateway, 80);
    equal(clients.open, 50);
    equal(await isAnswered(gateway, { ca: gateway.ca }), false);
  }
  await within(answerTimeoutMs, untilAnswered(gateway));
});

Deno.test("What all together may hold is bounded by connectionsMax", async () => {
  const limits = { connectionsMax: 60, connectionsPerNetworkMax: 1_000 };
  await using gateway = await aListeningGateway({ limits });
  await using clients = await idleClients(gateway, 80);
  equal(clients.open, 60);
  equal(await isAnswered(gateway, { ca: gateway.ca }), false);
});

Deno.test("A network that holds all it may does not keep another out", async () => {
  const limits = { connectionsPerNetworkMax: 20 };
  await using gateway = await aListeningGateway({ limits });
  await using clients = await idleClients(gateway, 30);
  equal(clients.open, 20);
  equal(await isAnswered(gateway, { ca: gateway.ca }), false);
  const elsewhere: ConnectionOptions & { readonly localAddress: string } = {
    ca: gateway.ca,
    localAddress: "127.0.0.2",
  };
  equal(await isAnswered(gateway, elsewhere), true);
});

Deno.test("Idle connections are closed at idleTimeoutMs, and with them goes what they cost", async () => {
  const limits = { idleTimeoutMs: 300, connectionsPerNetworkMax: 40 };
  await using gateway = await aListeningGateway({ limits });
  await using clients = await idleClients(gateway, 40);
  equal(clients.open, 40);
  await within(answerTimeoutMs, untilAnswered(gateway));
});

async function untilAnswered(gateway: ListeningGateway): Promise<void> {
  while (!await isAnswered(gateway, { ca: gateway.ca }));
}
