import { rejects } from "node:assert/strict";
import { type AddressInfo, connect as connectPlain, createServer as listenPlain } from "node:net";
import { connect } from "node:tls";
import { openTlsTerminator } from "tools/servers";
import { closable } from "tools/servers/closable";
import { freePort } from "tools/platform";
import { anAuthority, within } from "../security/tls_fixture.ts";

const limitMs = 5_000;

Deno.test("What takes TLS for a server is gone at once, though a client is in the middle of its handshake", async () => {
  await using scene = await openScene();
  using client = await scene.begins();
  await within(limitMs, scene.terminator[Symbol.asyncDispose]());
  await within(limitMs, client.isCut);
  await rejects(Deno.connect({ port: scene.port }), Deno.errors.ConnectionRefused);
});

Deno.test("A client that finishes its handshake while the server closes does not hold it up", async () => {
  await using scene = await openScene();
  const { ca } = scene;
  const late = connect({ host: "127.0.0.1", port: scene.port, ca, servername: "localhost" });
  const isCut = new Promise<void>((resolve) => late.on("error", () => {}).on("close", resolve));
  await within(limitMs, scene.terminator[Symbol.asyncDispose]());
  await within(limitMs, isCut);
});

async function openScene() {
  await using opening = new AsyncDisposableStack();
  const authority = await anAuthority();
  const leaf = await authority.leaf("dynamodb");
  const dir = await Deno.makeTempDir({ prefix: "sallyport_closable_" });
  opening.defer(() => Deno.remove(dir, { recursive: true }));
  const place = { cert: `${dir}/cert.pem`, key: `${dir}/key.pem` };
  await Deno.writeTextFile(place.cert, leaf.cert);
  await Deno.writeTextFile(place.key, leaf.key);
  const plain = listenPlain((socket) => void socket.on("error", () => {}));
  const closePlain = closable(plain);
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  opening.defer(() => within(limitMs, closePlain()));
  const port = freePort();
  const { port: plainPort } = plain.address() as AddressInfo;
  const terminator = await openTlsTerminator({ ...place, port, plainPort });
  const opened = opening.move();
  return {
    port,
    terminator,
    ca: authority.pem.cert,
    /** A client that has connected, and says nothing. */
    async begins() {
      const socket = connectPlain(port, "127.0.0.1").on("error", () => {});
      const isCut = new Promise<void>((resolve) => socket.on("close", () => resolve()));
      await new Promise<void>((resolve) => socket.on("connect", resolve));
      return { isCut, [Symbol.dispose]: () => void socket.destroy() };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
