import { deepEqual, equal } from "node:assert/strict";
import { FakeClock } from "../testing/fake_clock.ts";
import { Relay } from "./relay.ts";
import type { ServiceSocket, ServiceSocketListener } from "./service_socket.ts";

const limits = {
  messageBytesMax: 1_000,
  bufferedBytesMax: 100,
  idleTimeoutMs: 60_000,
  lifetimeMsMax: 3_600_000,
};

/** Both ends of a relay, and what each was told. */
function scene() {
  const told: string[] = [];
  let listener: ServiceSocketListener | undefined;
  const client = {
    bufferedAmount: 0,
    readyState: WebSocket.OPEN,
    send: (data: unknown) => told.push(`client hears ${data}`),
    close: (code?: number, reason?: string) => told.push(`client closed ${code} ${reason}`),
  } as unknown as WebSocket & { bufferedAmount: number };
  const service = {
    bufferedBytes: 0,
    listen: (given: ServiceSocketListener) => void (listener = given),
    send: (data: unknown) => told.push(`service hears ${data}`),
    closeWith: (code?: number) => told.push(`service closed ${code}`),
    hold: () => told.push("hold"),
    flow: () => told.push("flow"),
  };
  const clock = new FakeClock();
  const relay = new Relay({
    client,
    service: service as unknown as ServiceSocket,
    limits,
    clock,
    onEnd: () => told.push("over"),
  });
  client.onopen!(new Event("open"));
  return {
    relay,
    client,
    service,
    clock,
    /** Since last looked. */
    told: () => told.splice(0),
    clientSays: (data: unknown) => client.onmessage!({ data } as MessageEvent),
    listener: () => listener!,
  };
}

Deno.test("silence from both sides ends a WebSocket; a word, or a ping of the service, lets it live on", async () => {
  const { clock, told, clientSays, listener } = scene();
  await clock.advance(59_999);
  clientSays("a");
  await clock.advance(59_999);
  listener().message("b");
  await clock.advance(59_999);
  listener().heard();
  await clock.advance(59_999);
  deepEqual(told(), ["service hears a", "client hears b"]);
  await clock.advance(1);
  const reason = "Nothing was said for too long";
  deepEqual(told(), ["service closed 1001", `client closed 1001 ${reason}`, "over"]);
  equal(clock.timerCount, 0);
});

Deno.test("none lives longer than its life, however much is said", async () => {
  const { clock, told, clientSays } = scene();
  for (let minute = 0; minute < 60; minute++) {
    clientSays("a");
    equal(told().length, 1);
    await clock.advance(59_000);
  }
  await clock.advance(60_000);
  equal(told()[0], "service closed 1001");
  equal(clock.timerCount, 0);
});

Deno.test("the service waits for a slow client, and goes on when that has read", async () => {
  const { clock, told, client, listener } = scene();
  Object.assign(client, { bufferedAmount: 101 });
  listener().message("a");
  deepEqual(told(), ["client hears a", "hold"]);
  await clock.advance(1_000);
  deepEqual(told(), []);
  Object.assign(client, { bufferedAmount: 50 });
  await clock.advance(20);
  deepEqual(told(), ["flow"]);
});

Deno.test("a client that sends faster than the service takes is sent away", () => {
  const { told, service, clientSays } = scene();
  service.bufferedBytes = 101;
  clientSays("a");
  const reason = "The service cannot take this as fast";
  deepEqual(told(), ["service closed 1008", `client closed 1008 ${reason}`, "over"]);
});

Deno.test("each side is told how the other went, in codes that a frame may carry", () => {
  const cases: [number | undefined, number | undefined][] = [
    [4_001, 4_001],
    [1_000, 1_000],
    [1_006, 1_011],
    [undefined, undefined],
  ];
  for (const [code, toldCode] of cases) {
    const { told, listener } = scene();
    listener().closed(code, "");
    deepEqual(told(), [`client closed ${toldCode} `, "over"]);
  }
  for (const [code, toldCode] of [[4_001, 4_001], [1_005, undefined], [1_006, undefined]]) {
    const { told, client } = scene();
    client.onclose!({ code, reason: "" } as CloseEvent);
    deepEqual(told(), [`service closed ${toldCode}`, "over"]);
  }
});
