import { deepEqual, equal, throws } from "node:assert/strict";
import { FakeClock } from "../testing/fake_clock.ts";
import type { ServiceSocket } from "./service_socket.ts";
import { WebSockets } from "./web_sockets.ts";

function scene(socketsMax = 10) {
  const told: string[] = [];
  const clock = new FakeClock();
  const sockets = new WebSockets({
    connectFor: () => () => Promise.reject(new Error("not needed here")),
    accept: () => ({
      socket: { close: (code: number, why: string) => told.push(`client ${code} ${why}`) } as never,
      response: new Response(),
    }),
    clock,
    limits: { socketsMax },
  });
  const join = (expiresInMs?: number) =>
    sockets.join({
      request: new Request("https://edge.test"),
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
  throws(() => sockets.enter(), { name: "Problem" });
  // One that was on its way.
  join();
  deepEqual(told, ["service 1001", "client 1001 The gateway is closing", "over"]);
});

Deno.test("places are for those that are open and those that are being opened", async () => {
  const { sockets, clock, join } = scene(2);
  join(1_000);
  const place = sockets.enter();
  throws(() => sockets.enter(), { name: "Problem" });
  place[Symbol.dispose]();
  sockets.enter();
  throws(() => sockets.enter(), { name: "Problem" });
  await clock.advance(1_000);
  sockets.enter();
});
