/**
 * A program that opens TLS connections to `localhost` and says nothing on them: its arguments are a port, the CA's
 * certificate, and the protocol to agree on, if any. Each line of its input is how many it should have; it prints
 * how many it got. The end of its input closes them.
 */
const [port, ca = "", protocol] = Deno.args;
const atOnce = 64;
const open: Deno.TlsConn[] = [];

async function openUpTo(count: number): Promise<void> {
  let left = count - open.length;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      try {
        const connection = await Deno.connectTls({
          hostname: "localhost",
          port: Number(port),
          caCerts: [ca],
          ...protocol !== undefined && { alpnProtocols: [protocol] },
        });
        await connection.handshake();
        open.push(connection);
      } catch {
        // Refused: not counted.
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

let unread = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  unread += text;
  for (let end = unread.indexOf("\n"); end >= 0; end = unread.indexOf("\n")) {
    await openUpTo(Number(unread.slice(0, end)));
    unread = unread.slice(end + 1);
    await Deno.stdout.write(new TextEncoder().encode(`${open.length}\n`));
  }
}
for (const connection of open) connection.close();
