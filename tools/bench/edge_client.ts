/**
 * Load on one server over kept-alive connections: `edge_client.ts <h1|h2> <port> <seconds> [<path>
 * [<connections> [<token>]]]`, the CA's certificate on standard input. Several ports, with commas between, take turns. Prints the number of requests answered.
 */
import http2 from "node:http2";

const streamsPerSession = 16;
const sessions = 4;

const [protocol, portsText = "", secondsText, path = "/", connections = "16", token] = Deno.args;
const ports = portsText.split(",").map(Number);
const ca = await new Response(Deno.stdin.readable).text();
const endsAtMs = performance.now() + Number(secondsText) * 1_000;
const isOver = () => performance.now() >= endsAtMs;

const authorization = token === undefined ? [] : [`authorization: Bearer ${token}`];
const head = [`GET ${path} HTTP/1.1`, "host: localhost", ...authorization].join("\r\n");
const request = new TextEncoder().encode(`${head}\r\n\r\n`);
const latin1 = new TextDecoder("latin1");

async function loadHttp1(port: number): Promise<number> {
  using connection = await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] });
  const buffer = new Uint8Array(4_096);
  let answered = 0;
  while (!isOver()) {
    await connection.write(request);
    let read = 0;
    do {
      const count = await connection.read(buffer.subarray(read));
      if (count === null) throw new Error("Cannot load server: it closed the connection");
      read += count;
    } while (!isWhole(buffer, read));
    answered += 1;
  }
  return answered;
}

/** Whether the answer is there, with as long a body as it says. Nothing follows it. */
function isWhole(buffer: Uint8Array, length: number): boolean {
  const text = latin1.decode(buffer.subarray(0, length));
  const bodyAt = text.indexOf("\r\n\r\n") + 4;
  if (bodyAt < 4) return false;
  const [, bodyBytes] = /\r\ncontent-length: (\d+)\r\n/i.exec(text) ?? [];
  if (bodyBytes === undefined) throw new Error("Cannot load server: an answer has no length");
  return length - bodyAt === Number(bodyBytes);
}

async function loadHttp2(port: number): Promise<number> {
  const session = http2.connect(`https://localhost:${port}`, { ca });
  let answered = 0;
  const stream = async () => {
    while (!isOver()) {
      await new Promise<void>((resolve, reject) => {
        const call = session.request({
          ":path": path,
          ...token !== undefined && { authorization: `Bearer ${token}` },
        });
        call.on("data", () => {});
        call.on("end", resolve);
        call.on("error", reject);
        call.end();
      });
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: streamsPerSession }, stream));
  session.destroy();
  return answered;
}

const [load, count] = protocol === "h2" ? [loadHttp2, sessions] : [loadHttp1, Number(connections)];
const answered = await Promise.all(
  Array.from({ length: count }, (_, at) => load(ports[at % ports.length]!)),
);
const total = answered.reduce((sum, part) => sum + part, 0);
Deno.stdout.writeSync(new TextEncoder().encode(`${total}\n`));
Deno.exit();
