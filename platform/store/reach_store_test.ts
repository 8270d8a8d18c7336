import { deepEqual, equal, rejects } from "node:assert/strict";
import { ConfigError } from "platform/config";
import { silentLogger } from "platform/telemetry";
import { reachStore } from "./reach_store.ts";
import { StoreUnavailableError } from "./store_errors.ts";

const away = new StoreUnavailableError("Cannot use store: it is away");

/** A store that is away for as many tries, and what is said meanwhile. */
function awayFor(tries: number) {
  const said: string[] = [];
  const stopping = new AbortController();
  let tried = 0;
  return {
    said,
    stopping,
    tried: () => tried,
    options: {
      log: { ...silentLogger, warn: (message: string) => void said.push(message) },
      stopping: stopping.signal,
    },
    open: () => tried++ < tries ? Promise.reject(away) : Promise.resolve("open"),
  };
}

Deno.test("reachStore() waits for a store that is away, and says so once", async () => {
  const { open, options, said, tried } = awayFor(2);
  equal(await reachStore(open, options), "open");
  equal(tried(), 3);
  deepEqual(said, ["Waiting for a store"]);
});

Deno.test("reachStore() gives up in time, with what the store said", async () => {
  const { open, options, tried } = awayFor(1_000);
  await rejects(reachStore(open, { ...options, timeoutMs: 250 }), away);
  equal(tried(), 2);
});

Deno.test("reachStore() passes on at once what waiting does not mend", async () => {
  const { options } = awayFor(0);
  const fault = new ConfigError(["There is no table"]);
  await rejects(reachStore(() => Promise.reject(fault), options), fault);
});

Deno.test("reachStore() waits no longer when the program is asked to stop", async () => {
  const { open, options, stopping, tried } = awayFor(1_000);
  const reaching = reachStore(open, { ...options, timeoutMs: 3_600_000 });
  const reason = new Error("Asked to stop");
  stopping.abort(reason);
  await rejects(reaching, reason);
  equal(tried(), 1);
});
