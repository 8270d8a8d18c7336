import { equal, ok } from "node:assert/strict";
import { revoke } from "certs/store";
import { silentLogger as log } from "platform/telemetry";
import { serveMutualTls, type TlsIdentity } from "platform/tls";
import { openEdgeClient } from "tools/client";
import { ensureDevelopmentFolder, freePorts, startPlatform } from "tools/platform";
import { eventually } from "../fixtures/eventually.ts";
import { call, openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";
import { connect, isAnswered, within } from "../security/tls_fixture.ts";

/** From the moment that the denylist has changed. */
const refusalMs = 5_000;
const services = ["auth", "payment", "orders"] as const;

/** A copy of what a program holds, as somebody would have who broke in there. */
async function stolenFrom({ dir }: Pick<TestPlatform, "dir">, program: string) {
  const read = (name: string) => Deno.readTextFile(`${dir}/tls/${name}`);
  const [cert, key, ca] = await Promise.all(
    [`${program}/cert.pem`, `${program}/key.pem`, "ca.pem"].map(read),
  );
  return { cert: cert!, key: key!, ca: ca! };
}

Deno.test("a revoked client certificate is refused by every service within 5 s, on new and on open connections", async () => {
  await using platform = await openTestPlatform();
  const stolen = await stolenFrom(platform, "gateway");
  await using opening = new AsyncDisposableStack();
  const open = await Promise.all(services.map(async (name) => {
    const connection = opening.use(await connect({ port: platform.ports[name] }, stolen));
    connection.get("/readyz");
    await within(refusalMs, connection.hears("HTTP/1.1 204"));
    return connection;
  }));

  await revoke(`${platform.dir}/tls`, "gateway");
  const revokedMs = performance.now();
  await Promise.all(open.map((connection) => within(refusalMs, connection.closed())));
  for (const name of services) {
    equal(await isAnswered({ port: platform.ports[name] }, stolen), false, name);
  }
  ok(performance.now() - revokedMs < refusalMs);
  await eventually("the gateway goes on with its new leaf", async () => {
    return (await call(platform, "/products")).status === 200;
  });
});

/** Holds on to what was stolen, whatever becomes of its files. */
function frozen(material: TlsIdentity["material"]): TlsIdentity {
  const never = () => ({ [Symbol.dispose]() {} });
  return {
    material,
    isRevoked: () => false,
    onMaterial: never,
    onRevoked: never,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

Deno.test("a server with a revoked certificate gets no request from the gateway within 5 s, on new and on open connections", async () => {
  await using opening = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  opening.defer(() => Deno.remove(dir, { recursive: true }));
  const ports = freePorts();
  const credentials = await ensureDevelopmentFolder(dir, ports);
  const identity = frozen(await stolenFrom({ dir }, "orders"));
  const callers = new Map([["spiffe://sallyport/gateway", "any" as const]]);
  let asked = 0;
  const impostor = { hostname: "127.0.0.1", port: ports.orders, identity, callers, log };
  opening.use(
    await serveMutualTls({ ...impostor, drainMs: 100 }, () => {
      asked += 1;
      return Response.json({ items: [] });
    }),
  );
  opening.use(await startPlatform({ dir, ports, without: ["orders"], report() {} }));
  const edge = opening.use(await openEdgeClient(credentials));
  equal((await call({ edge }, "/products")).status, 200, "it is believed as long as it may be");

  await revoke(`${dir}/tls`, "orders");
  await eventually("the gateway refuses it", async () => {
    return (await call({ edge }, "/products")).status >= 500;
  }, { timeoutMs: refusalMs });
  const askedUntilRefused = asked;
  for (let attempt = 0; attempt < 5; attempt++) {
    ok((await call({ edge }, "/products")).status >= 500);
  }
  equal(asked, askedUntilRefused);
});
