import { equal, rejects } from "node:assert/strict";
import { IncomingBody } from "./mod.ts";

function aBody() {
  const told = { wanted: 0, full: 0 };
  const body = new IncomingBody({
    onWanted: () => void told.wanted++,
    onFull: () => void told.full++,
  });
  return { body, told };
}

Deno.test("A body is wanted only when its reader is, and full when nobody reads it", async () => {
  const { body, told } = aBody();
  equal(told.wanted, 0);
  const reader = body.stream.getReader();
  const reading = reader.read();
  await Promise.resolve();
  equal(told.wanted, 1);
  body.push(new Uint8Array(10));
  equal((await reading).value?.length, 10);
  body.push(new Uint8Array(65_535));
  equal(told.full, 0);
  body.push(new Uint8Array(1));
  equal(told.full, 1);
});

Deno.test("What came before a body ended is read to its end", async () => {
  const { body } = aBody();
  body.push(new TextEncoder().encode("he"));
  body.push(new TextEncoder().encode("llo"));
  body.close();
  equal(await new Response(body.stream).text(), "hello");
});

Deno.test("A body that breaks off fails for its reader, whether he came before or comes after", async () => {
  const early = aBody().body;
  const reading = new Response(early.stream).text();
  early.push(new Uint8Array(1));
  early.fail(new Error("gone"));
  await rejects(reading, /gone/);
  const late = aBody().body;
  late.fail(new Error("gone"));
  await rejects(new Response(late.stream).text(), /gone/);
});
