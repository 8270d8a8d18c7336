// Floods of frames: rapid reset (CVE-2023-44487), CONTINUATION (CVE-2024-27316), pings, settings and their like (RFC 9113, section 10.5; CWE-770).
import { equal, ok } from "node:assert/strict";
import { aListeningGateway, type ListeningGateway } from "./gateway_fixture.ts";
import {
  connectHttp2,
  fieldBlock,
  type Fields,
  flags,
  frame,
  type FrameClient,
  frameTypes,
  uint32,
} from "./http2_frames.ts";
import { within } from "./tls_fixture.ts";

const floodMs = 400;
/** Within it a client that behaves is answered while the flood goes on. */
const answerTimeoutMs = 5_000;
const framesAtOnce = 200;
const framesMax = 50_000;
const cancel = 8;

function fieldsOf({ host }: ListeningGateway, method = "GET"): Fields {
  return [
    [":method", method],
    [":scheme", "https"],
    [":authority", host],
    [":path", "/public/flood"],
  ];
}

/**
 * Sends frames without a pause, and asks as another client in the middle of it.
 *
 * @returns how many frames went out until the server had enough, or we.
 */
async function flood(
  gateway: ListeningGateway,
  client: FrameClient,
  next: (at: number) => Uint8Array,
): Promise<number> {
  const begunMs = performance.now();
  const asking = within(answerTimeoutMs, gateway.isWell());
  let frames = 0;
  while (!client.isClosed && frames < framesMax && performance.now() - begunMs < floodMs) {
    client.send(...Array.from({ length: framesAtOnce }, () => next(frames++)));
    await client.drained();
    // Lets the server, which is of this process, have its turn.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  equal(await asking, true, "the other client was answered");
  equal(await within(answerTimeoutMs, gateway.isWell()), true, "and one that came later");
  return frames;
}

Deno.test("Streams that are opened and reset at once end the connection, and ask the service little", async () => {
  await using gateway = await aListeningGateway();
  await using client = await connectHttp2(gateway);
  const block = fieldBlock(fieldsOf(gateway));
  await flood(gateway, client, (at) => {
    const stream = 2 * (at >> 1) + 1;
    if (at % 2 === 1) return frame(frameTypes.resetStream, 0, stream, uint32(cancel));
    return frame(frameTypes.headers, flags.endStream | flags.endHeaders, stream, block);
  });
  equal(client.isClosed, true);
  const asked = gateway.upstream.requests.length;
  ok(asked < 250, `the service was asked ${asked} times`);
});

Deno.test("No more streams are open at once than the server said", async () => {
  const waiting: (() => void)[] = [];
  await using gateway = await aListeningGateway({
    answer({ line }, socket) {
      const say = () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      if (line.includes("flood")) waiting.push(say);
      else say();
      return undefined;
    },
  });
  await using client = await connectHttp2(gateway);
  const streams = 400;
  for (let at = 0; at < streams; at++) client.headers(2 * at + 1, fieldsOf(gateway));
  await within(answerTimeoutMs, client.until(() => client.resets.size >= streams - 200));
  ok(waiting.length <= 200, `${waiting.length} are waiting`);
  equal(client.isClosed, false);
});

for (
  const [name, payload] of [
    ["with headers", fieldBlock([["x-a", "b"]])],
    ["of nothing", new Uint8Array()],
  ] as const
) {
  Deno.test(`Headers that go on by CONTINUATION ${name} end the connection, and are not kept`, async () => {
    await using gateway = await aListeningGateway();
    await using client = await connectHttp2(gateway);
    client.send(frame(frameTypes.headers, flags.endStream, 1, fieldBlock(fieldsOf(gateway))));
    const frames = await flood(
      gateway,
      client,
      () => frame(frameTypes.continuation, 0, 1, payload),
    );
    equal(client.isClosed, true);
    ok(frames < framesMax, `${frames} frames`);
    equal(gateway.upstream.requests.filter(({ line }) => line.includes("flood")).length, 0);
  });
}

Deno.test("Frames that ask for an answer, or for nothing, do not keep others waiting", async () => {
  const floods: Readonly<Record<string, Uint8Array>> = {
    pings: frame(frameTypes.ping, 0, 0, new Uint8Array(8)),
    settings: frame(frameTypes.settings, 0, 0, new Uint8Array([0, 3, 0, 0, 0, 100])),
    windows: frame(frameTypes.windowUpdate, 0, 0, uint32(1)),
    priorities: frame(2, 0, 3, new Uint8Array(5)),
    unknown: frame(99, 0, 0, new Uint8Array(8)),
  };
  for (const [name, one] of Object.entries(floods)) {
    await using gateway = await aListeningGateway();
    await using client = await connectHttp2(gateway);
    const frames = await flood(gateway, client, () => one);
    ok(frames > framesAtOnce, name);
  }
});

Deno.test("Frames of data with nothing in them do not keep others waiting", async () => {
  await using gateway = await aListeningGateway();
  await using client = await connectHttp2(gateway);
  client.headers(1, fieldsOf(gateway, "POST"), 0);
  await flood(gateway, client, () => frame(frameTypes.data, 0, 1, new Uint8Array()));
  equal(gateway.upstream.requests.filter(({ line }) => line.includes("flood")).length, 0);
});

Deno.test("A flood does not make its connection live longer than idleTimeoutMs", async () => {
  await using gateway = await aListeningGateway({ limits: { idleTimeoutMs: 300 } });
  await using client = await connectHttp2(gateway);
  const ping = frame(frameTypes.ping, 0, 0, new Uint8Array(8));
  const flooding = setInterval(() => client.isClosed || client.send(ping), 5);
  try {
    await within(4_000, client.until(() => false));
  } finally {
    clearInterval(flooding);
  }
  equal(client.isClosed, true);
});
