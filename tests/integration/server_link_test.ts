import { equal } from "node:assert/strict";
import { freePort } from "tools/platform";
import { type Link, openLink } from "tools/servers";

const encoder = new TextEncoder();

/** A server that says back what it is told, behind a link. */
async function openEcho(): Promise<{ readonly link: Link } & AsyncDisposable> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const answering = (async () => {
    for await (const connection of listener) {
      connection.readable.pipeTo(connection.writable).catch(() => {/* The client has gone. */});
    }
  })();
  const link = await openLink(freePort(), listener.addr.port);
  return {
    link,
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]();
      listener.close();
      await answering;
    },
  };
}

async function answerOf(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(100);
  const count = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

const silence = () => new Promise<"silence">((resolve) => setTimeout(resolve, 150, "silence"));

Deno.test("A link that is cut carries nothing, and what was under way arrives when it is mended", async () => {
  await using echo = await openEcho();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: echo.link.port });
  await connection.write(encoder.encode("one"));
  equal(await answerOf(connection), "one");
  echo.link.cut();
  await connection.write(encoder.encode("two"));
  const answer = answerOf(connection);
  equal(await Promise.race([answer, silence()]), "silence");
  echo.link.mend();
  equal(await answer, "two");
});

Deno.test("A link that is cut keeps newcomers waiting until it is mended", async () => {
  await using echo = await openEcho();
  echo.link.cut();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: echo.link.port });
  await connection.write(encoder.encode("one"));
  const answer = answerOf(connection);
  equal(await Promise.race([answer, silence()]), "silence");
  echo.link.mend();
  equal(await answer, "one");
});
