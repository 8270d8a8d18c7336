import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { headerList, plainResponse, runtimeResponse, wholeBody } from "./mod.ts";

const bytes = () => new TextEncoder().encode('{"a":1}');
const plain = (body: Parameters<typeof plainResponse>[0] = bytes()) =>
  plainResponse(body, { status: 201, headers: headerList(["x-a", "1"]) });

Deno.test("A plain response is read as any other, once", async () => {
  ok(plain() instanceof Response);
  deepEqual(await plain().json(), { a: 1 });
  equal(await plain().text(), '{"a":1}');
  equal((await plain().arrayBuffer()).byteLength, 7);
  equal(await new Response(plain().body).text(), '{"a":1}');
  equal(plain(null).body, null);
  const read = plain();
  await read.text();
  await rejects(read.text(), TypeError);
  equal(await plain(new Blob(["hi"]).stream()).text(), "hi");
});

Deno.test("A plain response and its clone are both whole", async () => {
  for (const body of [bytes(), new Blob([bytes()]).stream()]) {
    const response = plain(body);
    const clone = response.clone();
    equal(await clone.text(), '{"a":1}');
    equal(await response.text(), '{"a":1}');
  }
});

Deno.test("A body counts as whole until somebody begins to read it", async () => {
  equal(wholeBody(plain())?.length, 7);
  equal(wholeBody(new Response("x")), undefined);
  const begun = plain();
  begun.body?.getReader();
  equal(wholeBody(begun), undefined);
  const read = plain();
  await read.bytes();
  equal(wholeBody(read), undefined);
});

Deno.test("A plain response becomes one of the runtime's own, with all that it holds", async () => {
  for (const body of [bytes(), new Blob([bytes()]).stream()]) {
    const response = runtimeResponse(plain(body));
    equal(response.status, 201);
    equal(response.headers.get("x-a"), "1");
    equal(await response.text(), '{"a":1}');
  }
  const own = new Response("x");
  equal(runtimeResponse(own), own);
});
