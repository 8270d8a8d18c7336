import { deepEqual, equal } from "node:assert/strict";
import { discardUnread } from "./unread_body.ts";

function upload(init: RequestInit = {}) {
  const seen = { bytes: 0, isCancelled: false };
  const body = new ReadableStream({
    pull(controller) {
      seen.bytes += 1_000;
      controller.enqueue(new Uint8Array(1_000));
    },
    cancel: () => void (seen.isCancelled = true),
  }, { highWaterMark: 0 });
  return { seen, request: new Request("https://x.example", { method: "POST", body, ...init }) };
}

Deno.test("an endless upload is let go of when the limit is met", async () => {
  const { seen, request } = upload();
  await discardUnread(request, { bytesMax: 5_000, timeoutMs: 60_000 });
  deepEqual(seen, { bytes: 6_000, isCancelled: true });
});

Deno.test("a client that asks before it sends is not told to send", async () => {
  const { seen, request } = upload({ headers: { expect: "100-continue" } });
  await discardUnread(request);
  equal(seen.bytes, 0);
});

Deno.test("a body that somebody reads is left to them", async () => {
  const { seen, request } = upload();
  const reader = request.body!.getReader();
  await discardUnread(request);
  equal(seen.bytes, 0);
  await reader.cancel();
});
