import { deepEqual, equal, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import { MongodbLink, type MongodbLinkOptions } from "@services/auth/adapters/mongodb";
import { ensureCertificates, renew } from "certs/store";
import { Secret } from "platform/config";
import { StoreUnavailableError } from "platform/store";
import { silentLogger } from "platform/telemetry";
import { openTlsIdentity, type TlsIdentity } from "platform/tls";
import { closable } from "tools/servers/closable";
import { eventually } from "../fixtures/eventually.ts";
import { mongodbForThisFile } from "../fixtures/mongodb_stores.ts";

const mongodb = mongodbForThisFile();
const { ignore } = mongodb;

Deno.test({
  name: "The link to MongoDB refuses a server that another CA vouches for",
  ignore,
  async fn() {
    await using other = await openFolder();
    const ca = await Deno.readTextFile(`${other.tlsDir}/ca.pem`);
    await rejects(ping({ ca }), StoreUnavailableError);
    await rejects(ping({ ca: "system" }), StoreUnavailableError);
    const pem = await Deno.readTextFile(`${mongodb.it.scene.tlsDir}/ca.pem`);
    await ping({ ca: pem });
  },
});

Deno.test({
  name: "The link to MongoDB refuses a server that has been revoked",
  ignore,
  async fn() {
    const { identity, scene } = mongodb.it;
    const pem = await Deno.readTextFile(`${scene.tlsDir}/mongodb/cert.pem`);
    const { serialNumber } = new X509Certificate(pem);
    let revoked = "";
    const listeners: (() => void)[] = [];
    await using link = new MongodbLink({
      url: mongodb.it.urlOf("auth"),
      identity: {
        material: identity.material,
        onMaterial: identity.onMaterial.bind(identity),
        isRevoked: (serial) => serial === revoked,
        onRevoked(listener) {
          listeners.push(listener);
          return new DisposableStack();
        },
      },
    });
    const ask = () => link.run((db) => db.command({ ping: 1 }));
    await ask();
    revoked = serialNumber;
    for (const listener of listeners) listener();
    await rejects(ask(), StoreUnavailableError);
  },
});

Deno.test({
  name: "The link to MongoDB survives a server that refuses our certificate",
  ignore,
  async fn() {
    await using other = await openFolder();
    const pem = await Deno.readTextFile(`${mongodb.it.scene.tlsDir}/ca.pem`);
    await rejects(ping({ identity: other.identity, ca: pem }), StoreUnavailableError);
  },
});

Deno.test("The link to MongoDB speaks TLS from its first byte on, whatever the URL says", async () => {
  await using folder = await openFolder();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const firstByte = (async () => {
    using connection = await listener.accept();
    const bytes = new Uint8Array(1);
    await connection.read(bytes);
    return bytes[0];
  })();
  const url = new Secret(`mongodb://localhost:${listener.addr.port}/auth`);
  await rejects(ping({ url, identity: folder.identity }), StoreUnavailableError);
  const handshake = 0x16;
  equal(await firstByte, handshake);
});

Deno.test({
  name:
    "The link to MongoDB shows the newest certificate at each connection, and loses no call to a change",
  ignore,
  async fn() {
    const { tlsDir } = mongodb.it.scene;
    await using identity = await openTlsIdentity(filesOf(tlsDir), {
      log: silentLogger,
      pollMs: 20,
    });
    await using front = await openFront(tlsDir, mongodb.it.server.port);
    const url = new Secret(`mongodb://localhost:${front.port}/auth?tls=true`);
    await using link = new MongodbLink({ url, identity });
    const former = serialOf(identity);
    await using calls = callAgainAndAgain(link);
    await eventually("it is connected", () => front.serials.length > 0);
    deepEqual(new Set(front.serials), new Set([former]));

    await renew(tlsDir, ["auth"], new Date());
    await eventually("the new certificate is seen", () => front.serials.at(-1) !== former);
    equal(front.serials.at(-1), serialOf(identity));
    await eventually("none shows the former one any more", () => !front.open().includes(former));
    await calls[Symbol.asyncDispose]();
    deepEqual(calls.failures, []);
  },
});

async function ping(options: Partial<MongodbLinkOptions>): Promise<void> {
  await using link = new MongodbLink({
    url: options.url ?? mongodb.it.urlOf("auth"),
    ca: options.ca,
    identity: options.identity ?? mongodb.it.identity,
  });
  await link.run((db) => db.command({ ping: 1 }));
}

/** Four at a time, until one fails or it is disposed of. */
function callAgainAndAgain(link: MongodbLink): AsyncDisposable & { readonly failures: unknown[] } {
  const failures: unknown[] = [];
  let isOver = false;
  const calling = Promise.all(Array.from({ length: 4 }, async () => {
    while (!isOver && failures.length === 0) {
      await link.run((db) => db.command({ ping: 1 })).catch((thrown) => failures.push(thrown));
    }
  }));
  return {
    failures,
    async [Symbol.asyncDispose]() {
      isOver = true;
      await calling;
    },
  };
}

/** A CA of its own, and what a program of its has. */
async function openFolder(): Promise<
  AsyncDisposable & { readonly tlsDir: string; readonly identity: TlsIdentity }
> {
  const tlsDir = await Deno.makeTempDir();
  await ensureCertificates(tlsDir, ["auth"], new Date());
  const identity = await openTlsIdentity(filesOf(tlsDir), { log: silentLogger });
  return {
    tlsDir,
    identity,
    async [Symbol.asyncDispose]() {
      await identity[Symbol.asyncDispose]();
      await Deno.remove(tlsDir, { recursive: true });
    },
  };
}

function filesOf(tlsDir: string) {
  return {
    certFile: `${tlsDir}/auth/cert.pem`,
    keyFile: `${tlsDir}/auth/key.pem`,
    caFile: `${tlsDir}/ca.pem`,
  };
}

function serialOf({ material }: TlsIdentity): string {
  return new X509Certificate(material.cert).serialNumber;
}

/** Stands before the server, and knows with which certificate each connection came. */
interface Front extends AsyncDisposable {
  readonly port: number;
  /** Of each connection that has come. */
  readonly serials: readonly string[];
  /** Of those that are open. */
  open(): readonly string[];
}

async function openFront(tlsDir: string, port: number): Promise<Front> {
  const read = (name: string) => Deno.readTextFile(`${tlsDir}/${name}`);
  const ca = await read("ca.pem");
  const own = { ca, cert: await read("mongodb/cert.pem"), key: await read("mongodb/key.pem") };
  const serials: string[] = [];
  const open = new Map<TLSSocket, string>();
  const options = { ...own, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, (socket) => {
    const serial = socket.getPeerCertificate().serialNumber;
    serials.push(serial);
    open.set(socket, serial);
    const behind = connect({ ...own, host: "localhost", port, servername: "localhost" });
    const end = () => {
      socket.destroy();
      behind.destroy();
      open.delete(socket);
    };
    for (const side of [socket, behind]) side.on("error", end).on("close", end);
    socket.pipe(behind);
    behind.pipe(socket);
  });
  const close = closable(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { readonly port: number }).port,
    serials,
    open: () => [...open.values()],
    [Symbol.asyncDispose]: close,
  };
}
