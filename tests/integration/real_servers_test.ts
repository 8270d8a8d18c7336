import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { connect } from "node:tls";
import { lacks, runShell } from "tools/servers";
import { openServerScene, type ServerScene } from "../fixtures/real_servers.ts";

for (
  const name of ["postgres", "redis", "mongodb", "dynamodb", "consul", "prometheus"] as const
) {
  Deno.test({
    name: `A real ${name} speaks TLS, stops when it is killed, and comes back on its port`,
    ignore: lacks(name),
    async fn() {
      await using scene = await openServerScene(["orders"]);
      const server = await scene.start(name);
      // PostgreSQL asks for a word of its own before TLS begins: that it is open is told by its own tests.
      const isOpen = name === "postgres" ? reaches : speaksTls;
      await isOpen(scene, server.port);
      await server.kill();
      await rejects(isOpen(scene, server.port));
      await server.start();
      await isOpen(scene, server.port);
    },
  });
}

Deno.test({
  name: "A real server is gone when its scene is, and its folder with it",
  ignore: lacks("redis"),
  async fn() {
    const scene = await openServerScene(["orders"]);
    const { port } = await scene.start("redis");
    await scene[Symbol.asyncDispose]();
    await rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
    await rejects(Deno.stat(scene.dir), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "A real server that is paused answers nothing until it goes on",
  ignore: lacks("redis"),
  async fn() {
    await using scene = await openServerScene(["orders"]);
    const server = await scene.start("redis");
    await server.pause();
    const answer = speaksTls(scene, server.port).then(() => "answered");
    const nothing = new Promise((resolve) => setTimeout(() => resolve("silent"), 200));
    equal(await Promise.race([answer, nothing]), "silent");
    await server.resume();
    equal(await answer, "answered");
  },
});

Deno.test({
  name: "A real server hears no Ctrl-C: whoever started it decides when it stops",
  ignore: lacks("redis"),
  async fn() {
    await using scene = await openServerScene(["orders"]);
    const { port } = await scene.start("redis");
    const groups = await runShell(
      `ps -eo pgid=,args= | awk -v port=":$1" '/[r]edis-server/ && index($0, port) { print $1 }'
      ps -o pgid= -p "$2"`,
      String(port),
      String(Deno.pid),
    );
    const [ofServer, ours, ...others] = groups.trim().split(/\s+/);
    deepEqual(others, []);
    notEqual(ofServer, ours);
  },
});

async function reaches(_scene: ServerScene, port: number): Promise<void> {
  (await Deno.connect({ hostname: "127.0.0.1", port })).close();
}

async function speaksTls({ tlsDir }: ServerScene, port: number): Promise<void> {
  const read = (name: string) => Deno.readTextFile(`${tlsDir}/${name}`);
  const [ca, cert, key] = await Promise.all([
    read("ca.pem"),
    read("orders/cert.pem"),
    read("orders/key.pem"),
  ]);
  const options = { host: "localhost", port, ca, cert, key, servername: "localhost" };
  await new Promise<void>((resolve, reject) => {
    const socket = connect(options, () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}
