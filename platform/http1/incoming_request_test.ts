import { deepEqual, equal, ok } from "node:assert/strict";
import { IncomingBody, incomingRequest, messageLimits, parseRequestHead, whenGone } from "./mod.ts";

function anIncoming(text?: string) {
  const line = text === undefined ? "" : `content-length: ${text.length}\r\n`;
  const method = text === undefined ? "GET" : "POST";
  const head = `${method} /a/../b HTTP/1.1\r\nhost: a.example\r\nx-a: 1\r\n${line}`;
  const body = text === undefined ? undefined : new IncomingBody({ onWanted() {}, onFull() {} });
  body?.push(new TextEncoder().encode(text));
  body?.close();
  return incomingRequest(parseRequestHead(head, messageLimits), body);
}

Deno.test("An incoming request is read as any other, and its URL is what the client sent", async () => {
  const { request } = anIncoming('{"a":1}');
  ok(request instanceof Request);
  equal(request.url, "http://a.example/a/../b");
  equal(request.headers.get("x-a"), "1");
  equal(request.bodyUsed, false);
  deepEqual(await request.json(), { a: 1 });
  equal(request.bodyUsed, true);
  equal(await new Response(anIncoming("text").request.body).text(), "text");
  equal(anIncoming().request.body, null);
  equal(await anIncoming().request.text(), "");
  equal(await anIncoming("text").request.clone().text(), "text");
});

Deno.test("A client that goes is told of, before and after somebody asks", () => {
  const early = anIncoming();
  const { signal } = early.request;
  const told: unknown[] = [];
  whenGone(early.request, (reason) => told.push(reason));
  whenGone(early.request, () => told.push("undone"))();
  early.abort("gone");
  early.abort("again");
  equal(signal.reason, "gone");
  const late = anIncoming();
  late.abort("gone");
  equal(late.request.signal.aborted, true);
  whenGone(late.request, (reason) => told.push(reason));
  deepEqual(told, ["gone", "gone"]);
});

Deno.test("A request of the runtime's own tells the same by its signal", () => {
  const aborting = new AbortController();
  const request = new Request("http://a.example", { signal: aborting.signal });
  const told: unknown[] = [];
  whenGone(request, (reason) => told.push(reason));
  aborting.abort("gone");
  deepEqual(told, ["gone"]);
});
