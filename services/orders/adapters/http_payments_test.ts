import { equal, rejects } from "node:assert/strict";
import { type Payments, PaymentsError } from "../ports.ts";
import { HttpPayments } from "./http_payments.ts";

const paid = { id: "p1", status: "succeeded", capturedMinor: 900, refundedMinor: 0 };

function paymentsThatAnswer(status: number, body: string): Payments {
  return new HttpPayments({
    baseUrl: "https://payment.test",
    fetch: () => Promise.resolve(new Response(body, { status })),
    token: () => Promise.resolve("token"),
  });
}

function withCode(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof PaymentsError && thrown.code === code;
}

Deno.test("HttpPayments gives what payment answers", async () => {
  const payment = await paymentsThatAnswer(200, JSON.stringify({ ...paid, more: 1 })).find("p1");
  equal(payment.status, "succeeded");
});

Deno.test("HttpPayments takes an answer that it cannot read for none", async () => {
  const answers = ["<html>", "", "null", "{}", JSON.stringify({ ...paid, status: "new" })];
  for (const answer of answers) {
    const payments = paymentsThatAnswer(200, answer);
    await rejects(payments.find("p1"), withCode("unavailable"), answer);
    await rejects(payments.capture("p1", "key"), withCode("unavailable"), answer);
  }
  await rejects(paymentsThatAnswer(404, "<html>").find("p1"), withCode("unavailable"));
  await rejects(paymentsThatAnswer(404, "{}").find("p1"), withCode("refused"));
});

Deno.test("HttpPayments asks for its token and for the payment within one deadline", async () => {
  const signals: unknown[] = [];
  const payments = new HttpPayments({
    baseUrl: "https://payment.test",
    fetch(_input, init) {
      signals.push(init?.signal);
      return Promise.resolve(Response.json(paid));
    },
    token(signal) {
      signals.push(signal);
      return Promise.resolve("token");
    },
  });
  await payments.find("p1");
  equal(signals[0] instanceof AbortSignal, true);
  equal(signals[0], signals[1]);
});
