import { deepEqual, rejects } from "node:assert/strict";
import { Problem } from "platform/problem";
import { HttpOrderLookup } from "./http_order_lookup.ts";

const baseUrl = "https://orders.test";

Deno.test("HttpOrderLookup asks for its token and for the order within one deadline", async () => {
  const signals: (AbortSignal | null | undefined)[] = [];
  const orders = new HttpOrderLookup({
    baseUrl,
    fetch(_input, init) {
      signals.push(init?.signal);
      return Promise.resolve(new Response(null, { status: 404 }));
    },
    token(signal) {
      signals.push(signal);
      return Promise.resolve("token");
    },
  });
  await orders.find("o1");
  deepEqual(signals.map((signal) => signal === signals[0] && signal instanceof AbortSignal), [
    true,
    true,
  ]);
});

Deno.test("HttpOrderLookup is unavailable without a token, or with an answer that it cannot read", async () => {
  const answered = () => Promise.resolve(new Response("<html>"));
  const noToken = new HttpOrderLookup({
    baseUrl,
    fetch: answered,
    token: () => Promise.reject(new DOMException("late", "TimeoutError")),
  });
  await rejects(noToken.find("o1"), Problem);
  const token = () => Promise.resolve("token");
  await rejects(new HttpOrderLookup({ baseUrl, fetch: answered, token }).find("o1"), Problem);
});
