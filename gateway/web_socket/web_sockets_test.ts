import { deepEqual, equal, throws } from "node:assert/strict";
import { problemTypes } from "platform/problem";
import { FakeClock } from "../testing/fake_clock.ts";
import type { ServiceSocket } from "./service_socket.ts";
import { type WebSocketLimits, WebSockets } from "./web_sockets.ts";

const client = "192.0.2.1";

function scene(limits: Partial<WebSocketLimits> = {}) {
  const told: string[] = [];
  const clock = new FakeClock();
  const sockets = new WebSockets({
    connectFor: () => () => Promise.reject(new Error("not needed here")),
    accept: () => ({
      socket: { close: (code: number, why: string) => told.push(`client ${code} ${why}`) } as never,
      response: new Response(),
    }),
    clock,
    limits,
  });
  const join = (expiresInMs?: number, clientIp = client) =>
    sockets.join({
      request: new Request("https://edge.test"),
      clientIp,
      protocol: undefined,
      service: { closeWith: (code: number) => told.push(`service ${code}`) } as
        & ServiceSocket
        & never,
      idleTimeoutMs: 60_000,
      expiresInMs,
      onEnd: () => told.push("over"),
    });
  return { sockets, clock, told, join };
}

Deno.test("at the end both sides of every WebSocket are told, none is left, and no other is let in", async () => {
  const { sockets, clock, told, join } = scene();
  join();
  const ending = sockets[Symbol.asyncDispose]();
  deepEqual(told.splice(0), ["service 1001", "client 1001 The gateway is closing", "over"]);
  // They take too long for their leave.
  await clock.advance(2_000);
  await ending;
  equal(clock.timerCount, 0);
  throws(() => sockets.enter(client), { name: "Problem" });
  // One that was on its way.
  join();
  deepEqual(told, ["service 1001", "client 1001 The gateway is closing", "over"]);
});

Deno.test("places are for those that are open and those that are being opened", async () => {
  const { sockets, clock, join } = scene({ socketsMax: 2 });
  join(1_000);
  const place = sockets.enter(client);
  throws(() => sockets.enter(client), { name: "Problem" });
  place[Symbol.dispose]();
  sockets.enter(client);
  throws(() => sockets.enter(client), { name: "Problem" });
  await clock.advance(1_000);
  sockets.enter(client);
});

Deno.test("one network has so many places and no more, whoever else has any", async () => {
  const { sockets, clock, join } = scene({ socketsPerNetworkMax: 2 });
  join(1_000);
  const place = sockets.enter(client);
  const refused = { name: "Problem", kind: problemTypes.rateLimited };
  throws(() => sockets.enter(client), refused);
  sockets.enter("192.0.2.2");
  // Whoever has one address of a /64 has them all.
  join(1_000, "2001:db8::1");
  sockets.enter("2001:db8::2");
  throws(() => sockets.enter("2001:db8::3"), refused);
  sockets.enter("2001:db8:0:1::3");
  place[Symbol.dispose]();
  sockets.enter(client);
  throws(() => sockets.enter(client), refused);
  await clock.advance(1_000);
  sockets.enter(client);
  sockets.enter("2001:db8::3");
});
