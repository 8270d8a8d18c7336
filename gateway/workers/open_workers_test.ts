import { equal, ok, rejects } from "node:assert/strict";
import { ConfigError } from "platform/config";
import { silentLogger as log } from "platform/telemetry";
import { parseGatewayConfig } from "../gateway_config.ts";
import { openWorkers, type WorkersOptions } from "./open_workers.ts";

function optionsOf(entry: string, fail: WorkersOptions["fail"]): WorkersOptions {
  return {
    count: 2,
    entry: new URL(`../testing/${entry}`, import.meta.url),
    gateway: parseGatewayConfig('_format_version: "3.0"\n', "gateway.yaml"),
    drainMs: 100,
    fail,
    log,
  };
}

const noFailure = (thrown: unknown) => Promise.reject(thrown);

Deno.test("workers start all or none, and say what kept the first of them from it", async () => {
  await rejects(openWorkers(optionsOf("worker_without_edge.ts", noFailure)), (thrown) => {
    ok(thrown instanceof ConfigError);
    equal(thrown.message, "Cannot start:\n  REDIS_URL: Nobody is there");
    return true;
  });
});

Deno.test("a worker that cannot be loaded keeps all from starting, with the reason", async () => {
  const failed: unknown[] = [];
  const options = optionsOf("no_such_worker.ts", (thrown) => void failed.push(thrown));
  await rejects(
    openWorkers(options),
    /worker \d has died: (?:.*no_such_worker\.ts|Type checking failed)/,
  );
  equal(failed.length > 0, true);
});

/** Workers of which the second hangs when it is asked to `act`. */
function hangingAt(act: string, told: string[] = []): WorkersOptions {
  const yaml = `{ _format_version: "3.0", services: [{ name: ${act}, url: "https://a" }] }`;
  const failure = (_message: string, thrown: unknown) => void told.push((thrown as Error).message);
  return {
    ...optionsOf("worker_that_hangs.ts", noFailure),
    gateway: parseGatewayConfig(yaml, "gateway.yaml"),
    log: { ...log, failure },
  };
}

Deno.test("a worker that does not open in time keeps all from starting", async () => {
  const opened = openWorkers({ ...hangingAt("open"), limits: { openMsMax: 1_000 } });
  await rejects(opened, /worker \d: no answer to "open" in 1000 ms/);
});

Deno.test("a worker that does not close in time is ended as it stands, and told of", async () => {
  const told: string[] = [];
  const workers = await openWorkers({ ...hangingAt("close", told), limits: { closeMsMax: 50 } });
  await workers[Symbol.asyncDispose]();
  equal(told.join(), 'Cannot ask worker 2: no answer to "close" in 150 ms');
});

Deno.test("a worker that dies has the program end with its last words, and nobody waits for it", async () => {
  const { promise: failed, resolve } = Promise.withResolvers<unknown>();
  const workers = await openWorkers(optionsOf("worker_that_dies.ts", resolve));
  await rejects(async () => await workers.counts(), /worker \d has died: .*Out of luck/);
  ok((await failed as Error).message.includes("Out of luck"));
  await workers[Symbol.asyncDispose]();
});
