import { deepEqual, equal, notEqual } from "node:assert/strict";
import { openEdgeClient, signIn } from "tools/client";
import {
  demoRedirectUri,
  freePort,
  freePorts,
  type ProgramName,
  type RunningPlatform,
  startPlatform,
} from "tools/platform";
import { consulToken, consulUrl, lacks, startConsul } from "tools/servers";
import { type ConsulOperator, openConsulOperator } from "../fixtures/consul_operator.ts";
import { eventually } from "../fixtures/eventually.ts";
import { call, placeOrder, products } from "../fixtures/platform.ts";

const registered = ["gateway", "auth", "payment", "orders"] as const;

Deno.test({
  name:
    "Programs that are told Consul's address alone find each other, again after a crash, and leave it when they stop",
  ignore: lacks("consul"),
  async fn() {
    await using closing = new AsyncDisposableStack();
    const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
    closing.defer(() => Deno.remove(dir, { recursive: true }));
    const tlsDir = `${dir}/tls`;
    const port = freePort();
    closing.use(await startConsul({ dataDir: `${dir}/consul`, tlsDir, port }));
    const ports = freePorts();
    const nobody = "https://127.0.0.1:1";
    const env = {
      CONSUL_HTTP_ADDR: consulUrl(port),
      CONSUL_HTTP_TOKEN: consulToken,
      ...{ AUTH_URL: nobody, PAYMENT_URL: nobody, ORDERS_URL: nobody },
    };
    const extraEnv = Object.fromEntries(registered.map((name) => [name, env]));
    const platform = closing.use(
      await startPlatform({ dir, ports, extraEnv, restartMsMax: 250, report: () => {} }),
    );
    const operator = closing.use(await openConsulOperator({ tlsDir, port }));
    await allPass(operator, platform);

    const edge = closing.use(await openEdgeClient(platform.credentials));
    const alice = platform.credentials.users.find(({ email }) => email.startsWith("alice@"))!;
    const { access_token: token } = await signIn(edge, { ...alice, redirectUri: demoRedirectUri });
    await placesOrder({ edge }, token);

    const { supervisor } = platform;
    const pid = supervisor.pid("payment");
    supervisor.kill("payment");
    await supervisor.restarted("payment", pid);
    notEqual(supervisor.pid("payment"), pid);
    await placesOrder({ edge }, token);
    await allPass(operator, platform);

    equal(await supervisor.stop(), true);
    for (const name of registered) deepEqual([...await operator.states(name)], [], name);
  },
});

async function allPass(operator: ConsulOperator, { ports }: RunningPlatform): Promise<void> {
  for (const name of registered satisfies readonly ProgramName[]) {
    const states = await eventually(`${name} passes`, async () => {
      const states = [...await operator.states(name)];
      return states.every(([, state]) => state === "passing") && states.length > 0 && states;
    });
    deepEqual(states, [[ports[name], "passing"]]);
  }
}

async function placesOrder(
  platform: Parameters<typeof placeOrder>[0],
  token: string,
): Promise<void> {
  const [product] = await products(platform);
  const placed = await placeOrder(platform, { token, productId: product!.id });
  equal(placed.status, 201);
  await eventually("the order is paid", async () => {
    const { body } = await call(platform, `/orders/${placed.body["id"]}`, { token });
    return body["status"] === "confirmed";
  });
}
