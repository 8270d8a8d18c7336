import { equal, match, ok } from "node:assert/strict";
import { ensureCertificates } from "certs/store";
import { Secret } from "platform/config";
import { openPeer } from "platform/discovery";
import { freePort } from "tools/platform";
import { consulUrl, startConsul } from "tools/servers";
import { passes, testWithConsul as test } from "../fixtures/consul_scene.ts";
import { eventually } from "../fixtures/eventually.ts";
import { anAuthority, TestIdentity } from "../security/tls_fixture.ts";

test("A wrong token is refused, told once and tried again; one that may write its own service is enough", async (scene) => {
  const secret = crypto.randomUUID();
  const token = new Secret(secret);
  const discovery = await scene.discovery("payment", { token });
  await using _registration = discovery.register({ program: "payment", port: 4002 });
  discovery.watch("payment");
  const told = (message: string) => scene.lines.filter((line) => line.includes(message));
  await eventually(
    "both refusals are told",
    () =>
      told("Cannot register with Consul").length > 0 && told("Cannot follow instances").length > 0,
  );
  match(told("Cannot register")[0]!, /403 .*ACL not found/);
  ok(!scene.lines.join().includes(secret));

  await scene.operator.ask("/v1/acl/policy", {
    Name: "payment",
    Rules:
      'service "payment" { policy = "write" } service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }',
  });
  await scene.operator.ask("/v1/acl/token", { SecretID: secret, Policies: [{ Name: "payment" }] });
  await eventually("it is registered", () => told("Registered with Consul").length > 0);
  equal(told("Cannot register").length, 1);
  await eventually(
    "it is found",
    () => discovery.watch("payment")!.origins[0] === "https://127.0.0.1:4002",
  );

  const other = await scene.discovery("orders", { token });
  await using _foreign = other.register({ program: "orders", port: 4003 });
  await eventually(
    "another's service is refused",
    () => told("Cannot register").some((line) => line.includes("orders-127.0.0.1-4003")),
  );
});

test("A program without a certificate of the CA is refused, told once and tried again until it has one", async (scene) => {
  const theirs = await anAuthority();
  const right = (await scene.identity("payment")).material;
  const identity = new TestIdentity(await theirs.leaf("payment"), theirs);
  identity.take({ ca: right.ca });
  const discovery = await scene.discovery("payment", { identity });
  await using _registration = discovery.register({ program: "payment", port: 4002 });
  const told = (message: string) => scene.lines.filter((line) => line.includes(message));
  await eventually("it is told", () => told("Cannot register with Consul").length > 0);
  equal((await scene.operator.states("payment")).size, 0);
  identity.take(right);
  await eventually("it is registered", () => told("Registered with Consul").length > 0);
});

test("A Consul with a CA of its own is asked with a certificate of that CA, and known by its host name", async (scene) => {
  const tlsDir = `${scene.servers.dir}/tls_of_consul`;
  await ensureCertificates(tlsDir, ["client"], new Date());
  const port = freePort();
  await using _consul = await startConsul({ dataDir: `${scene.servers.dir}/own`, tlsDir, port });
  const tls = {
    certFile: `${tlsDir}/client/cert.pem`,
    keyFile: `${tlsDir}/client/key.pem`,
    caFile: `${tlsDir}/ca.pem`,
  };
  const discovery = await scene.discovery("payment", {
    url: consulUrl(port),
    tls,
    isOfOurCa: false,
  });
  {
    await using _registration = discovery.register({ program: "payment", port: 4002 });
    await eventually(
      "it is found",
      () => discovery.watch("payment")!.origins[0] === "https://127.0.0.1:4002",
    );
  }
  const elsewhere = await scene.discovery("payment", { url: consulUrl(port) });
  elsewhere.watch("auth");
  await eventually(
    "its own certificate is refused",
    () => scene.lines.some((line) => line.includes("Cannot follow instances")),
  );
});

test("A Consul that is not spiffe://sallyport/consul is not asked: its token is not for others", async (scene) => {
  const impostor = await scene.payment();
  const url = `https://127.0.0.1:${impostor.port}`;
  const discovery = await scene.discovery("orders", { url });
  discovery.watch("auth");
  await eventually(
    "it is told",
    () => scene.lines.some((line) => line.includes("its certificate is another program's")),
  );
});

test("An address of another program in the catalog gets no call: its certificate is not payment's", async (scene) => {
  const orders = await scene.payment();
  await passes(scene, orders);
  const ours = await scene.identity("orders");
  await scene.operator.ask("/v1/agent/service/register", {
    ID: "auth-wrong",
    Name: "auth",
    Address: "127.0.0.1",
    Port: orders.port,
  });
  await using peer = openPeer({
    identity: ours,
    discovery: await scene.discovery("orders", { identity: ours }),
    program: "auth",
  });
  const refusal = await eventually(
    "it is known",
    () =>
      peer.fetch("https://auth/oidc/token", { method: "POST", body: "secret" }).then(
        () => "answered",
        ({ message }) => message.includes("no instance") ? undefined : message,
      ),
  );
  match(refusal, /its certificate is another program's/);
});
