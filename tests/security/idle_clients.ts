/**
 * A program that opens TLS connections to `localhost` and says nothing on them: its arguments are a port, a count
 * and the CA's certificate. Prints how many handshakes succeeded, then holds what is open until its input ends.
 */
const [port, count, ca = ""] = Deno.args;
const atOnce = 64;
const open: Deno.TlsConn[] = [];
let left = Number(count);

async function work(): Promise<void> {
  while (left-- > 0) {
    try {
      const connection = await Deno.connectTls({
        hostname: "localhost",
        port: Number(port),
        caCerts: [ca],
      });
      await connection.handshake();
      open.push(connection);
    } catch {
      // Refused: not counted.
    }
  }
}

await Promise.all(Array.from({ length: atOnce }, work));
await Deno.stdout.write(new TextEncoder().encode(`${open.length}\n`));
for await (const _ of Deno.stdin.readable);
for (const connection of open) connection.close();
