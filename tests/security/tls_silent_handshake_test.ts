import { equal } from "node:assert/strict";
import net from "node:net";
import type { ServerLimits } from "platform/tls";
import { aMutualServer, anEdge, aPair, connect, isAnswered, within } from "./tls_fixture.ts";

function closeOf(socket: net.Socket): Promise<void> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

const limits = { handshakeTimeoutMs: 50 };

Deno.test("A connection that never begins its handshake is closed", async () => {
  const { identity } = await aPair();
  for (const start of [aMutualServer, anEdge]) {
    await using server = await start({ identity, limits });
    const socket = net.connect(server.port, "127.0.0.1");
    await within(2_000, closeOf(socket));
  }
});

Deno.test("A handshake that drips byte by byte is closed", async () => {
  const { identity } = await aPair();
  await using server = await aMutualServer({ identity, limits });
  const socket = net.connect(server.port, "127.0.0.1");
  // The head of a ClientHello record of 512 bytes.
  const drip = setInterval(() => socket.write(Uint8Array.of(0)), 10);
  socket.write(Uint8Array.of(22, 3, 1, 2, 0, 1, 0));
  try {
    await within(2_000, closeOf(socket));
  } finally {
    clearInterval(drip);
    socket.destroy();
  }
});

Deno.test("Connections beyond the greatest number are closed unheard, and then there is room again", async () => {
  await oneAtATime({ connectionsMax: 1 });
});

Deno.test("One network cannot take all the connections there are", async () => {
  await oneAtATime({ connectionsPerNetworkMax: 1 });
});

/** Connects twice, and again when the first is gone. */
async function oneAtATime(limits: Partial<ServerLimits>): Promise<void> {
  const { identity, client } = await aPair();
  await using server = await aMutualServer({ identity, limits });
  {
    await using first = await connect(server, client);
    first.get();
    await first.hears("ok");
    equal(await isAnswered(server, client), false);
  }
  const answeredAgain = async () => {
    while (!await isAnswered(server, client));
  };
  await within(2_000, answeredAgain());
}
