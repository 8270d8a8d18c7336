import { equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { openPeerFetch, type TlsServer } from "platform/tls";
import { aMutualServer, aPair, connect, TestIdentity, within } from "./tls_fixture.ts";

const mebibyte = 1_048_576;
const uploadBytes = 96 * mebibyte;
/** What the system's own socket buffers on the way may swallow, with room to spare. */
const heldBytesMax = 32 * mebibyte;
const stallMs = 400;

Deno.test("An upload waits for a handler that does not read, and then arrives whole", async () => {
  const { identity, client } = await aPair();
  const reading = Promise.withResolvers<void>();
  await using server = await aMutualServer({
    identity,
    async handler(request) {
      await reading.promise;
      let readBytes = 0;
      for await (const chunk of request.body ?? []) readBytes += chunk.length;
      return new Response(`read ${readBytes}`);
    },
  });
  await using connection = await connect(server, client);
  connection.send(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${uploadBytes}\r\n\r\n`);

  let sentBytes = 0;
  const isTaken = async () => {
    sentBytes += mebibyte;
    if (connection.socket.write(new Uint8Array(mebibyte))) return true;
    return await within(stallMs, once(connection.socket, "drain")).then(() => true, () => false);
  };
  while (sentBytes < uploadBytes && await isTaken());
  ok(sentBytes < heldBytesMax, `${sentBytes} bytes went out unread`);

  reading.resolve();
  while (sentBytes < uploadBytes) {
    sentBytes += mebibyte;
    if (!connection.socket.write(new Uint8Array(mebibyte))) await once(connection.socket, "drain");
  }
  await within(20_000, connection.hears(`read ${uploadBytes}`));
});

/** A server whose answers never end, and the bytes that were fetched from its handler. */
async function anEndlessServer(identity: TestIdentity): Promise<
  { readonly server: TlsServer; readonly made: { bytes: number } }
> {
  const made = { bytes: 0 };
  const server = await aMutualServer({
    identity,
    drainMs: 100,
    handler: () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            made.bytes += mebibyte;
            controller.enqueue(new Uint8Array(mebibyte));
          },
        }),
      ),
  });
  return { server, made };
}

/** Resolves when no more was made for a while, or too much. */
async function standstill(made: { readonly bytes: number }): Promise<void> {
  for (let before = -1; made.bytes !== before && made.bytes < uploadBytes;) {
    before = made.bytes;
    await new Promise((resolve) => setTimeout(resolve, stallMs));
  }
}

Deno.test("An answer waits for a client that does not read", async () => {
  const { ca, identity, gateway: { cert, key } } = await aPair();
  const { server, made } = await anEndlessServer(identity);
  await using _ = server;
  using connection = await Deno.connectTls({
    hostname: "localhost",
    port: server.port,
    caCerts: [ca.pem.cert],
    cert,
    key,
  });
  await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  await connection.read(new Uint8Array(1));
  await standstill(made);
  ok(made.bytes < heldBytesMax, `${made.bytes} bytes were made unread`);
});

Deno.test("A peer's answer waits for a caller that does not read", async () => {
  const { ca, identity, gateway } = await aPair();
  const { server, made } = await anEndlessServer(identity);
  await using _ = server;
  await using peer = openPeerFetch({
    identity: new TestIdentity(gateway, ca),
    peer: "spiffe://sallyport/orders",
  });
  const response = await peer.fetch(`https://127.0.0.1:${server.port}/`);
  equal(response.status, 200);
  await standstill(made);
  ok(made.bytes < heldBytesMax, `${made.bytes} bytes were made unread`);
  await response.body?.cancel();
});
