import { deepEqual, equal } from "node:assert/strict";
import { StoreUnavailableError } from "platform/store";
import { problemResponse } from "./problem_response.ts";

Deno.test("a store that is away is a 503 that says when to come back, and nothing of the store", async () => {
  const response = problemResponse(new StoreUnavailableError("Cannot use MongoDB: secret.example"));
  deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
  const body = await response.json();
  equal(body.type, "urn:sallyport:problem:unavailable");
  equal(JSON.stringify(body).includes("secret.example"), false);
});

Deno.test("an error that is not known is a mute 500", async () => {
  const response = problemResponse(new Error("hunter2"));
  equal(response.status, 500);
  equal((await response.text()).includes("hunter2"), false);
});
