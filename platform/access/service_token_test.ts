import { equal, rejects } from "node:assert/strict";
import { Secret } from "platform/config";
import { createServiceToken } from "./service_token.ts";

const noon = new Date("2026-01-02T12:00:00.000Z");
const patient = new AbortController().signal;

/** Tokens from a server that answers when it is told to. */
function aScene() {
  const requests: (RequestInit | undefined)[] = [];
  const { promise: answered, resolve } = Promise.withResolvers<Response>();
  const token = createServiceToken({
    tokenUrl: "https://auth.test/oidc/token",
    clientId: "orders",
    clientSecret: new Secret("secret"),
    fetch(_input, init) {
      requests.push(init);
      return answered;
    },
    now: () => noon,
  });
  const answer = () => resolve(Response.json({ access_token: "t1", expires_in: 300 }));
  return { token, requests, answer };
}

Deno.test("Many who ask for a service token at once make one request, which is limited in time", async () => {
  const { token, requests, answer } = aScene();
  const asking = [token(patient), token(patient)];
  answer();
  equal((await Promise.all(asking)).join(), "t1,t1");
  equal(await token(patient), "t1");
  equal(requests.length, 1);
  equal(requests[0]?.signal instanceof AbortSignal, true);
});

Deno.test("Who gives up waiting for a service token takes it from nobody else", async () => {
  const { token, requests, answer } = aScene();
  const hurried = new AbortController();
  const asking = token(patient);
  const givingUp = token(hurried.signal);
  hurried.abort(new RangeError("late"));
  await rejects(givingUp, RangeError);
  await rejects(token(AbortSignal.abort(new RangeError("late"))), RangeError);
  answer();
  equal(await asking, "t1");
  equal(requests.length, 1);
});
