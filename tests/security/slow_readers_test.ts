// Clients that ask for much and read nothing, or little at a time (CWE-400, CWE-770; RFC 9113, section 10.5).
import { equal, ok } from "node:assert/strict";
import {
  aListeningGateway,
  type GatewayOptions,
  type ListeningGateway,
} from "./gateway_fixture.ts";
import { connectHttp2, frame, frameTypes, uint32 } from "./http2_frames.ts";
import { within } from "./tls_fixture.ts";

const answerBytes = 32 * 1024 ** 2;
const pieceBytes = 65_536;
const writeTimeoutMs = 100;

/** What the service has been rid of, and how many of its connections have been let go. */
interface Service {
  sentBytes: number;
  closed: number;
}

/** A service that answers `/public/big` with 32 MiB, as fast as they are taken. */
function aBigAnswer(service: Service): NonNullable<GatewayOptions["answer"]> {
  const piece = new Uint8Array(pieceBytes);
  return ({ line }, socket) => {
    if (!line.includes("/public/big")) return "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    socket.once("close", () => service.closed += 1);
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${answerBytes}\r\n\r\n`);
    let left = answerBytes;
    const goOn = () => {
      while (left > 0 && !socket.destroyed) {
        left -= pieceBytes;
        service.sentBytes += pieceBytes;
        if (!socket.write(piece)) return void socket.once("drain", goOn);
      }
    };
    goOn();
    return undefined;
  };
}

async function isLetGo(service: Service, count: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (service.closed < count && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  equal(service.closed, count, "connections to the service that were let go");
}

const bigAsk = ({ host }: ListeningGateway) => `GET /public/big HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

Deno.test("Clients that read nothing hold no connection to the service for long, nor its answer in memory", async () => {
  const service: Service = { sentBytes: 0, closed: 0 };
  await using gateway = await aListeningGateway({ writeTimeoutMs, answer: aBigAnswer(service) });
  const count = 4;
  await using open = new AsyncDisposableStack();
  for (let at = 0; at < count; at++) {
    // Unlike a paused `TLSSocket`, it reads nothing that it is not asked to.
    const { ca, port } = gateway;
    const client = open.use(await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] }));
    await client.write(new TextEncoder().encode(bigAsk(gateway)));
  }
  await isLetGo(service, count);
  // The buffers of the system on the way hold some.
  ok(service.sentBytes < count * answerBytes * 0.75, `${service.sentBytes} bytes were taken`);
  equal(await gateway.isWell(), true);
});

Deno.test("Streams of HTTP/2 with a window of nothing hold no connection to the service", async () => {
  const service: Service = { sentBytes: 0, closed: 0 };
  await using gateway = await aListeningGateway({ writeTimeoutMs, answer: aBigAnswer(service) });
  await using client = await connectHttp2(gateway);
  const noWindow = new Uint8Array([0, 4, ...uint32(0)]);
  client.send(frame(frameTypes.settings, 0, 0, noWindow));
  const count = 20;
  for (let at = 0; at < count; at++) {
    client.headers(2 * at + 1, [
      [":method", "GET"],
      [":scheme", "https"],
      [":authority", gateway.host],
      [":path", "/public/big"],
    ]);
  }
  await isLetGo(service, count);
  equal(await gateway.isWell(), true);
});

Deno.test("A client that reads slowly, but reads, gets all of it", async () => {
  const service: Service = { sentBytes: 0, closed: 0 };
  await using gateway = await aListeningGateway({
    writeTimeoutMs: 1_000,
    answer: aBigAnswer(service),
  });
  await using client = await gateway.connect();
  let heardBytes = 0;
  client.socket.removeAllListeners("data");
  const all = new Promise<void>((resolve) => {
    client.socket.on("data", (bytes) => {
      heardBytes += bytes.length;
      if (heardBytes >= answerBytes) resolve();
      client.socket.pause();
      setTimeout(() => client.socket.resume(), heardBytes % 50 === 0 ? 50 : 0);
    });
  });
  client.send(bigAsk(gateway));
  await within(20_000, all);
});
