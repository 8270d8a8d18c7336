import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { ConsulConfig } from "platform/discovery";
import { readDiscovery } from "./discovery_config.ts";
import { ConfigError } from "./env.ts";

const tls = { TLS_CERT_FILE: "/own/cert", TLS_KEY_FILE: "/own/key", TLS_CA_FILE: "/own/ca" };
const consul = { ...tls, CONSUL_HTTP_ADDR: "https://consul:8501" };

function read(env: Readonly<Record<string, string>>): ReturnType<typeof readDiscovery> {
  return readDiscovery((name) => env[name]);
}

function readConsul(env: Readonly<Record<string, string>>): ConsulConfig {
  const config = read({ ...consul, ...env });
  if (config.kind !== "consul") throw new Error("Consul was given");
  return config;
}

function faultsOf(env: Readonly<Record<string, string>>): readonly string[] {
  let faults: readonly string[] = [];
  throws(() => read({ ...consul, ...env }), (thrown) => {
    if (thrown instanceof ConfigError) faults = thrown.faults;
    return thrown instanceof ConfigError;
  });
  return faults;
}

Deno.test("readDiscovery() keeps to the given addresses without Consul", () => {
  deepEqual(read({ ...tls, PAYMENT_URL: "https://pay.example:1" }), {
    kind: "static",
    addresses: {
      auth: "https://localhost:4001",
      payment: "https://pay.example:1",
      orders: "https://localhost:4003",
    },
  });
});

Deno.test("readDiscovery() wants of a program's address nothing but the host and port", () => {
  for (const PAYMENT_URL of ["https://pay/v1", "https://me@pay", "https://pay?x=1", "http://pay"]) {
    throws(() => read({ ...tls, PAYMENT_URL }), /PAYMENT_URL: /, PAYMENT_URL);
  }
});

Deno.test("readDiscovery() shows Consul our own certificate, and takes it for ours, unless told otherwise", () => {
  const { url, token, address, tls, isOfOurCa } = readConsul({});
  deepEqual([url, token, address], ["https://consul:8501", undefined, "127.0.0.1"]);
  deepEqual([tls, isOfOurCa], [undefined, true]);
});

Deno.test("readDiscovery() takes Consul's own names for its CA, certificate and key", () => {
  const other = readConsul({ CONSUL_CACERT: "/consul/ca" });
  equal(other.isOfOurCa, false);
  deepEqual([other.tls?.certFile, other.tls?.caFile], ["/own/cert", "/consul/ca"]);
  const same = readConsul({
    CONSUL_CACERT: "/own/ca",
    CONSUL_CLIENT_CERT: "/consul/cert",
    CONSUL_CLIENT_KEY: "/consul/key",
  });
  equal(same.isOfOurCa, true);
  deepEqual([same.tls?.certFile, same.tls?.keyFile], ["/consul/cert", "/consul/key"]);
});

Deno.test("readDiscovery() wants TLS: by scheme, or by CONSUL_HTTP_SSL", () => {
  const address = { CONSUL_HTTP_ADDR: "consul:8501" };
  equal(readConsul({ ...address, CONSUL_HTTP_SSL: "true" }).url, "https://consul:8501");
  const refused = ["consul:8501", "http://consul:8500", "unix:///run/consul.sock", "https://c/v1"];
  for (const CONSUL_HTTP_ADDR of refused) {
    equal(faultsOf({ CONSUL_HTTP_ADDR })[0]?.split(":")[0], "CONSUL_HTTP_ADDR", CONSUL_HTTP_ADDR);
  }
});

Deno.test("readDiscovery() reads the token from a variable or a file, never from both, and prints it nowhere", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "hunter2\n");
    const config = readConsul({ CONSUL_HTTP_TOKEN_FILE: file });
    equal(config.token?.reveal(), "hunter2");
    ok(!JSON.stringify(config).includes("hunter2"));
    equal(readConsul({ CONSUL_HTTP_TOKEN: "hunter2" }).token?.reveal(), "hunter2");
    const both = faultsOf({ CONSUL_HTTP_TOKEN: "hunter2", CONSUL_HTTP_TOKEN_FILE: file });
    deepEqual(both, ["CONSUL_HTTP_TOKEN_FILE: Given beside CONSUL_HTTP_TOKEN"]);
  } finally {
    await Deno.remove(file);
  }
  ok(faultsOf({ CONSUL_HTTP_TOKEN_FILE: file })[0]?.startsWith("CONSUL_HTTP_TOKEN_FILE: "));
});

Deno.test("readDiscovery() wants an address that others can reach, and one that can stand in a URL", () => {
  equal(readConsul({ LISTEN_HOSTNAME: "10.1.2.3" }).address, "10.1.2.3");
  const everywhere = { LISTEN_HOSTNAME: "0.0.0.0" };
  ok(faultsOf(everywhere)[0]?.startsWith("ADVERTISE_ADDRESS: "));
  equal(readConsul({ ...everywhere, ADVERTISE_ADDRESS: "fd00::1" }).address, "fd00::1");
  for (
    const ADVERTISE_ADDRESS of ["payment/@evil", "fe80::1%eth0", "10.0.0.1:4002", "a".repeat(99)]
  ) {
    ok(faultsOf({ ADVERTISE_ADDRESS })[0]?.startsWith("ADVERTISE_ADDRESS: "), ADVERTISE_ADDRESS);
  }
});

Deno.test("readDiscovery() tells of all that is wrong at once", () => {
  const faults = faultsOf({
    ...{ CONSUL_HTTP_ADDR: "http://consul", LISTEN_HOSTNAME: "::", CONSUL_CLIENT_KEY: "/key" },
  });
  deepEqual(faults.map((fault) => fault.split(":")[0]), [
    "CONSUL_HTTP_ADDR",
    "CONSUL_CLIENT_KEY",
    "ADVERTISE_ADDRESS",
  ]);
});
