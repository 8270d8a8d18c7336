import { deepEqual, equal } from "node:assert/strict";
import { createLogger, silentLogger } from "platform/telemetry";
import type { EventPublisher } from "./event_stream.ts";
import { type Outbox, OutboxListeners, relayOutbox } from "./outbox.ts";

const publisher: EventPublisher = {
  publish: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

Deno.test("relayOutbox() tells of each load that it has sent, and of nothing when there was none", async () => {
  const said: Record<string, unknown>[] = [];
  const write = (line: string) => void said.push(JSON.parse(line));
  const log = createLogger({ service: "test", level: "debug", write });
  const loads = [100, 2, 0];
  const { promise: isEmpty, resolve } = Promise.withResolvers<void>();
  const outbox: Outbox = {
    relay() {
      const sent = loads.shift() ?? 0;
      if (sent === 0) resolve();
      return Promise.resolve({ sent, isBusy: false });
    },
    onAdded: () => ({ [Symbol.dispose]() {} }),
  };
  {
    await using _ = relayOutbox({ outbox, publisher, log, everyMs: 60_000 });
    await isEmpty;
  }
  deepEqual(
    said.map((entry) => [entry["log.level"], entry["message"], entry["event.count"]]),
    [["debug", "Events relayed", 100], ["debug", "Events relayed", 2]],
  );
});

/** Lets everything happen that waits for nothing but its turn. */
function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** An outbox whose looks are counted, and fail as long as they are told to. */
class CountedOutbox implements Outbox {
  readonly listeners = new OutboxListeners();
  fails = false;
  looks = 0;

  relay() {
    this.looks++;
    if (this.fails) return Promise.reject(new Error("The line is down"));
    return Promise.resolve({ sent: 0, isBusy: false });
  }

  onAdded(listener: () => void): Disposable {
    return this.listeners.add(listener);
  }
}

Deno.test("relayOutbox() looks once more for what is added, and not again for what it cannot send", async () => {
  const outbox = new CountedOutbox();
  await using _ = relayOutbox({ outbox, publisher, log: silentLogger, everyMs: 60_000 });
  await turns();
  outbox.listeners.tell();
  await turns();
  equal(outbox.looks, 2);
  outbox.fails = true;
  outbox.listeners.tell();
  await turns();
  for (let added = 0; added < 10; added++) {
    outbox.listeners.tell();
    await turns();
  }
  equal(outbox.looks, 3);
});
