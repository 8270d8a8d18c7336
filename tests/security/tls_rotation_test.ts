import { equal, rejects } from "node:assert/strict";
import { createLogger } from "platform/telemetry";
import { ConfigError } from "platform/config";
import { openTlsIdentity, serveMutualTls, type TlsFiles } from "platform/tls";
import type { Leaf } from "certs/leaf";
import {
  anAuthority,
  clientOf,
  connect,
  gatewayId,
  isAnswered,
  type TestAuthority,
  within,
} from "./tls_fixture.ts";

/** Certificate files that a running server follows, and what was logged of them. */
class Files implements AsyncDisposable {
  readonly paths: TlsFiles & { readonly revokedFile: string };
  readonly #messages: string[] = [];
  #logged = Promise.withResolvers<void>();

  private constructor(readonly dir: string) {
    this.paths = {
      certFile: `${dir}/cert.pem`,
      keyFile: `${dir}/key.pem`,
      caFile: `${dir}/ca.pem`,
      revokedFile: `${dir}/revoked.json`,
    };
  }

  static async make(ca: TestAuthority, leaf: Leaf): Promise<Files> {
    const files = new Files(await Deno.makeTempDir());
    await files.put(leaf);
    await Deno.writeTextFile(files.paths.caFile, ca.pem.cert);
    await Deno.writeTextFile(files.paths.revokedFile, "[]");
    return files;
  }

  readonly log = createLogger({
    service: "test",
    write: (line) => {
      this.#messages.push(JSON.parse(line).message);
      this.#logged.resolve();
      this.#logged = Promise.withResolvers<void>();
    },
  });

  async put({ cert, key }: { readonly cert: string; readonly key: string }): Promise<void> {
    await Deno.writeTextFile(this.paths.certFile, cert);
    await Deno.writeTextFile(this.paths.keyFile, key);
  }

  /** Resolves when one of `messages` was logged. */
  async logs(...messages: readonly string[]): Promise<void> {
    while (!messages.some((message) => this.#messages.includes(message))) {
      await this.#logged.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

const refused = "Cannot take new certificate material: the old stays in force";
const taken = "Certificate material changed";
const pollMs = 10;

function serve(files: Files, identity: Awaited<ReturnType<typeof openTlsIdentity>>) {
  const callers = new Map([[gatewayId, "any" as const]]);
  const options = { hostname: "127.0.0.1", port: 0, identity, callers, log: files.log };
  return serveMutualTls({ ...options, drainMs: 500 }, () => new Response("ok"));
}

Deno.test("A garbage key at rotation changes nothing for the clients", async () => {
  const ca = await anAuthority();
  const leaf = await ca.leaf("orders");
  await using files = await Files.make(ca, leaf);
  await using identity = await openTlsIdentity(files.paths, { log: files.log, pollMs });
  await using server = await serve(files, identity);
  const client = clientOf(await ca.leaf("gateway"), ca);
  for (const key of [(await ca.leaf("orders")).key, "garbage", ""]) {
    await files.put({ cert: leaf.cert, key });
    await within(2_000, files.logs(refused, taken));
    equal(await isAnswered(server, client), true);
    equal(identity.material.key, leaf.key);
  }
});

Deno.test("New material serves the next connection, in HTTP/2 too, and the open ones go on", async () => {
  const ca = await anAuthority();
  const [before, after] = [await ca.leaf("orders"), await ca.leaf("orders")];
  await using files = await Files.make(ca, before);
  await using identity = await openTlsIdentity(files.paths, { log: files.log, pollMs });
  await using server = await serve(files, identity);
  const client = clientOf(await ca.leaf("gateway"), ca);
  await using old = await connect(server, client);
  await files.put(after);
  await within(2_000, files.logs(taken));

  await using young = await connect(server, { ...client, ALPNProtocols: ["h2"] });
  equal(old.socket.getPeerCertificate().serialNumber.toLowerCase(), before.serial);
  equal(young.socket.getPeerCertificate().serialNumber.toLowerCase(), after.serial);
  equal(young.socket.alpnProtocol, "h2");
  old.get();
  await old.hears("ok");
  equal(await isAnswered(server, { ca: ca.pem.cert }), false);
});

Deno.test("A serial number added to the denylist file cuts its holder's connection", async () => {
  const ca = await anAuthority();
  const gateway = await ca.leaf("gateway");
  await using files = await Files.make(ca, await ca.leaf("orders"));
  await using identity = await openTlsIdentity(files.paths, { log: files.log, pollMs });
  await using server = await serve(files, identity);
  await using connection = await connect(server, clientOf(gateway, ca));
  connection.get();
  await connection.hears("ok");
  const serial = gateway.serial.toUpperCase().replace(/(..)(?=.)/g, "$1:");
  await Deno.writeTextFile(files.paths.revokedFile, JSON.stringify([serial]));
  await within(2_000, connection.closed());
});

Deno.test("An identity does not open with a key that is not its certificate's", async () => {
  const ca = await anAuthority();
  const leaf = await ca.leaf("orders");
  await using files = await Files.make(ca, leaf);
  await files.put({ cert: leaf.cert, key: (await ca.leaf("orders")).key });
  await rejects(
    () => openTlsIdentity(files.paths, { log: files.log, pollMs }),
    (thrown) => thrown instanceof ConfigError && thrown.message.includes("TLS_KEY_FILE"),
  );
  await Deno.remove(files.paths.caFile);
  await rejects(
    () => openTlsIdentity(files.paths, { log: files.log, pollMs }),
    (thrown) => thrown instanceof ConfigError && thrown.message.includes("TLS_CA_FILE"),
  );
});
