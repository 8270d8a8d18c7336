import { deepEqual, equal } from "node:assert/strict";
import { silentLogger } from "platform/telemetry";
import { openPeerFetch, openTlsIdentity, type PeerFetch } from "platform/tls";
import {
  type Child,
  ensureDevelopmentFolder,
  freePort,
  freePorts,
  localUrl,
  programsOf,
  startChild,
} from "tools/platform";
import { lacks, mongodbUrl, type RealServer, startMongodb } from "tools/servers";
import { eventually } from "../fixtures/eventually.ts";

/** The program `auth` as it runs, with its own rights and no others, on a MongoDB of its own. */
interface Scene extends AsyncDisposable {
  readonly server: RealServer;
  readonly lines: readonly string[];
  readonly adminUrl: string;
  signUp(email: string): Promise<Response>;
  /** Ends auth as a crash would, and starts it again. */
  restart(): Promise<void>;
}

async function openScene(): Promise<Scene> {
  await using opening = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  opening.defer(() => Deno.remove(dir, { recursive: true }));
  const ports = freePorts();
  await ensureDevelopmentFolder(dir, ports);
  const tlsDir = `${dir}/tls`;
  const port = freePort();
  const server = opening.use(await startMongodb({ dataDir: `${dir}/mongodb`, tlsDir, port }));

  const lines: string[] = [];
  const [auth] = programsOf({ dir, ports }).filter(({ name }) => name === "auth");
  const start = async () => {
    const child = startChild({
      ...auth!,
      flags: [
        ...auth!.flags.filter((flag) => !flag.startsWith("--allow-net")),
        `--allow-net=127.0.0.1,localhost:${port}`,
      ],
      env: { ...auth!.env, AUTH_MONGODB_URL: mongodbUrl(port) },
    }, (line) => lines.push(line));
    await child.ready.catch((cause) => {
      throw new Error(lines.join("\n"), { cause });
    });
    return child;
  };
  let child: Child = await start();
  opening.defer(async () => {
    child.kill("SIGTERM");
    await child.ended;
  });
  const { fetch } = opening.use(await gatewayFetch(tlsDir));
  const opened = opening.move();
  return {
    server,
    lines,
    adminUrl: `http://127.0.0.1:${ports.authAdmin}`,
    signUp: (email) =>
      fetch(`${localUrl(ports.auth)}/users`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email, name: "Carol", password: "correct horse battery" }),
      }),
    async restart() {
      child.kill("SIGKILL");
      await child.ended;
      child = await start();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function gatewayFetch(tlsDir: string): Promise<PeerFetch> {
  const identity = await openTlsIdentity({
    certFile: `${tlsDir}/gateway/cert.pem`,
    keyFile: `${tlsDir}/gateway/key.pem`,
    caFile: `${tlsDir}/ca.pem`,
  }, { log: silentLogger });
  const { fetch, ...peer } = openPeerFetch({ identity, peer: "spiffe://sallyport/auth" });
  return {
    fetch,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      await identity[Symbol.asyncDispose]();
    },
  };
}

Deno.test({
  name: "auth on MongoDB keeps people through a crash, and says when MongoDB is away and back",
  ignore: lacks("mongodb"),
  async fn() {
    await using scene = await openScene();
    const { server, lines, adminUrl } = scene;
    const readyz = async () => (await fetch(`${adminUrl}/readyz`)).status;
    const statusOf = async (email: string) => {
      const response = await scene.signUp(email);
      await response.body?.cancel();
      return response.status;
    };

    equal(await statusOf("carol@example.com"), 201);
    equal(await statusOf("CAROL@example.com"), 409);
    equal(await readyz(), 204);
    await scene.restart();
    equal(await statusOf("carol@example.com"), 409);

    await server.kill();
    equal(await readyz(), 503);
    const refused = await scene.signUp("dave@example.com");
    const { status, headers } = refused;
    deepEqual([status, headers.get("retry-after")], [503, "1"]);
    equal((await refused.json()).type, "urn:sallyport:problem:unavailable");
    await server.start();
    await eventually("auth is ready again", async () => await readyz() === 204);
    equal(await statusOf("dave@example.com"), 201);
    deepEqual(lines.filter((line) => line.includes("ncaught")), []);
  },
});
