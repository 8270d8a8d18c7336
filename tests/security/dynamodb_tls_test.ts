import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import { createServer as createPlainServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { openDynamodbTable } from "@services/payment/adapters/dynamodb";
import { StoreUnavailableError } from "platform/store";
import { useDynamodbCredentials } from "tools/servers";
import { closable } from "tools/servers/closable";
import { anAuthority, type TestAuthority, TestIdentity } from "./tls_fixture.ts";

const key = { pk: "PAYMENT#1", sk: "PAYMENT" };

Deno.test("A store's server that asks who we are sees our newest leaf on each new connection", async () => {
  const authority = await anAuthority();
  const [first, second] = [await authority.leaf("payment"), await authority.leaf("payment")];
  const identity = new TestIdentity(first, authority);
  const shown: string[] = [];
  await using server = await aServer(authority, { onLeaf: (leaf) => void shown.push(leaf) });
  await using opened = tableAt(server.port, { identity });
  await opened.table.get(key);
  await opened.table.get(key);
  identity.take(second);
  await opened.table.get(key);
  deepEqual(shown, [first, first, second].map(({ cert }) => fingerprintOf(cert)));
  equal(server.connections(), 2, "what did not change is gone on with");
});

Deno.test("A store's server of another CA hears nothing of us", async () => {
  const [ours, theirs] = [await anAuthority(), await anAuthority()];
  const identity = new TestIdentity(await ours.leaf("payment"), ours);
  const shown: string[] = [];
  await using server = await aServer(theirs, { onLeaf: (leaf) => void shown.push(leaf) });
  await using opened = tableAt(server.port, { identity });
  await rejects(
    opened.table.get(key),
    isRefused(/self.signed|unknown|issuer|unable to/i),
  );
  deepEqual(shown, []);
});

Deno.test("A store's server of our CA with another host's certificate hears nothing of us", async () => {
  const authority = await anAuthority();
  const identity = new TestIdentity(await authority.leaf("payment"), authority);
  const shown: string[] = [];
  const leaf = await authority.oddLeaf({ names: [{ type: "dns", value: "elsewhere" }] });
  await using server = await aServer(authority, { leaf, onLeaf: (one) => void shown.push(one) });
  await using opened = tableAt(server.port, { identity });
  await rejects(opened.table.get(key), isRefused(/its certificate is for another host/));
  deepEqual(shown, []);
});

Deno.test("A store's server that has been revoked hears no more of us", async () => {
  const authority = await anAuthority();
  const identity = new TestIdentity(await authority.leaf("payment"), authority);
  const shown: string[] = [];
  const leaf = await authority.leaf("dynamodb");
  await using server = await aServer(authority, { leaf, onLeaf: (one) => void shown.push(one) });
  await using opened = tableAt(server.port, { identity });
  await opened.table.get(key);
  identity.revoke(new X509Certificate(leaf.cert).serialNumber);
  await rejects(opened.table.get(key), isRefused(/its certificate is revoked/));
  equal(shown.length, 1);
});

Deno.test("A store's server is trusted by the CA that we have now", async () => {
  const [former, current] = [await anAuthority(), await anAuthority()];
  const identity = new TestIdentity(await former.leaf("payment"), former);
  await using server = await aServer(current, { onLeaf() {} });
  await using opened = tableAt(server.port, { identity });
  await rejects(opened.table.get(key), StoreUnavailableError);
  identity.take({ ...await current.leaf("payment"), ca: current.pem.cert });
  equal(await opened.table.get(key), undefined);
});

Deno.test("The runtime's roots do not vouch for a store's server of our own CA", async () => {
  const authority = await anAuthority();
  const identity = new TestIdentity(await authority.leaf("payment"), authority);
  await using server = await aServer(authority, { onLeaf() {} });
  await using opened = tableAt(server.port, { ca: "system", identity });
  await rejects(
    opened.table.get(key),
    isRefused(/self.signed|unknown|issuer|unable to/i),
  );
});

Deno.test("A store is never spoken to in plaintext", async () => {
  const authority = await anAuthority();
  const identity = new TestIdentity(await authority.leaf("payment"), authority);
  const firstBytes: number[] = [];
  const server = createPlainServer((socket: Socket) => {
    socket.once("data", (bytes) => {
      firstBytes.push(bytes[0]!);
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    });
    socket.on("error", () => {/* The client has had enough. */});
  });
  await using listening = await listen(server);
  await using opened = tableAt(listening.port, { identity });
  await rejects(opened.table.get(key), isRefused(/./));
  const handshake = 22;
  deepEqual([...new Set(firstBytes)], [handshake]);
});

/** Whether the store was found unusable for a reason of TLS. */
function isRefused(reason: RegExp): (thrown: unknown) => boolean {
  return (thrown) => {
    ok(thrown instanceof StoreUnavailableError);
    match((thrown.cause as Error).message, reason);
    return true;
  };
}

function tableAt(
  port: number,
  { ca, identity }: { readonly ca?: string; readonly identity: TestIdentity },
): ReturnType<typeof openDynamodbTable> {
  useDynamodbCredentials();
  const config = {
    endpoint: `https://localhost:${port}`,
    region: "eu-central-1",
    table: "payment",
    ca,
    callTimeoutMs: 5_000,
  };
  return openDynamodbTable(config, identity);
}

/** A server that has nothing, and asks its clients for a certificate. */
async function aServer(
  authority: TestAuthority,
  { leaf, onLeaf }: {
    readonly leaf?: { readonly cert: string; readonly key: string };
    readonly onLeaf: (fingerprint: string) => void;
  },
) {
  const { cert, key } = leaf ?? await authority.leaf("dynamodb");
  const ca = authority.pem.cert;
  let connections = 0;
  const server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const { raw } = (request.socket as TLSSocket).getPeerCertificate();
      onLeaf(createHash("sha256").update(raw).digest("hex"));
      request.resume();
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end("{}");
    },
  );
  server.on("secureConnection", () => void connections++);
  const listening = await listen(server);
  return { ...listening, connections: () => connections };
}

async function listen(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  const close = closable(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: close,
  };
}

function fingerprintOf(pem: string): string {
  const der = Uint8Array.fromBase64(pem.replace(/-----[^-]+-----/g, "").replace(/\s/g, ""));
  return createHash("sha256").update(der).digest("hex");
}
