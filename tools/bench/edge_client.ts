/**
 * Load on one server over kept-alive connections: `edge_client.ts <h1|h2> <port> <seconds> [path]`, the CA's
 * certificate on standard input. Prints the number of requests answered.
 */
import http2 from "node:http2";

const connections = 16;
const streamsPerSession = 16;
const sessions = 4;

const [protocol, portText, secondsText, path = "/"] = Deno.args;
const port = Number(portText);
const ca = await new Response(Deno.stdin.readable).text();
const endsAtMs = performance.now() + Number(secondsText) * 1_000;
const isOver = () => performance.now() >= endsAtMs;

const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
const bodyEnd = "x".charCodeAt(0);

/** An answer is complete when its body's 62nd letter is there: nothing follows it. */
async function loadHttp1(): Promise<number> {
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

function isWhole(buffer: Uint8Array, length: number): boolean {
  const bodyBytes = 62;
  for (let at = length - bodyBytes; at < length; at++) if (buffer[at] !== bodyEnd) return false;
  return length > bodyBytes;
}

async function loadHttp2(): Promise<number> {
  const session = http2.connect(`https://localhost:${port}`, { ca });
  let answered = 0;
  const stream = async () => {
    while (!isOver()) {
      await new Promise<void>((resolve, reject) => {
        const call = session.request({ ":path": path });
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

const [load, count] = protocol === "h2" ? [loadHttp2, sessions] : [loadHttp1, connections];
const answered = await Promise.all(Array.from({ length: count }, load));
const total = answered.reduce((sum, part) => sum + part, 0);
Deno.stdout.writeSync(new TextEncoder().encode(`${total}\n`));
Deno.exit();
