import { deepEqual, equal } from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { createLogger, lineWriter, writtenTogetherMax } from "./logger.ts";

Deno.test("A line that cannot be written is lost, and who logs goes on", () => {
  const failures = [
    new Deno.errors.BrokenPipe(),
    new Error("No space left on device (os error 28)"),
  ];
  for (const failure of failures) {
    let tries = 0;
    const write = lineWriter({
      writeSync() {
        tries++;
        throw failure;
      },
    });
    createLogger({ service: "tea", write }).warn("Tea is late");
    equal(tries, 1);
  }
});

Deno.test("A line is written whole, however little is taken at a time", () => {
  const taken: number[] = [];
  const write = lineWriter({
    writeSync(bytes) {
      const some = bytes.subarray(0, 3);
      taken.push(...some);
      return some.byteLength;
    },
  });
  write("Tea for two: 4,50 €", true);
  equal(new TextDecoder().decode(new Uint8Array(taken)), "Tea for two: 4,50 €\n");
});

Deno.test("A line is given up when nothing of it is taken", () => {
  let tries = 0;
  lineWriter({ writeSync: () => (tries++, 0) })("Tea", true);
  equal(tries, 1);
});

function recorder() {
  const texts: string[] = [];
  const writeSync = (bytes: Uint8Array) => {
    texts.push(new TextDecoder().decode(bytes));
    return bytes.byteLength;
  };
  return { texts, write: lineWriter({ writeSync }) };
}

Deno.test("Lines of one turn of the event loop are written together, when it is over", async () => {
  const { texts, write } = recorder();
  write("one", false);
  write("two", false);
  deepEqual(texts, []);
  await setImmediate();
  deepEqual(texts, ["one\ntwo\n"]);
  write("three", false);
  await setImmediate();
  deepEqual(texts, ["one\ntwo\n", "three\n"]);
});

Deno.test("A line that is urgent is written at once, with all that came before it", async () => {
  const { texts, write } = recorder();
  write("one", false);
  write("two", true);
  deepEqual(texts, ["one\ntwo\n"]);
  await setImmediate();
  deepEqual(texts, ["one\ntwo\n"]);
});

Deno.test("Lines that are too much to be written together are written one after the other", async () => {
  const { texts, write } = recorder();
  const half = "x".repeat(writtenTogetherMax / 2 - 1);
  for (const line of [half, half, "y"]) write(line, false);
  deepEqual(texts, [`${half}\n${half}\n`]);
  await setImmediate();
  deepEqual(texts, [`${half}\n${half}\n`, "y\n"]);
});

Deno.test("Warnings and errors are urgent, and what is told in passing is not", () => {
  const urgent: unknown[] = [];
  const write = (line: string, isUrgent: boolean) => {
    const told: Record<string, unknown> = JSON.parse(line);
    urgent.push([told["log.level"], told["message"], told["url.path"], isUrgent]);
  };
  const log = createLogger({ service: "tea", level: "debug", write });
  for (const level of ["debug", "info", "warn", "error"] as const) {
    log[level]("Tea", { "url.path": `/${level}` });
  }
  log.failure("Spilt", new Error("hot"));
  deepEqual(urgent, [
    ["debug", "Tea", "/debug", false],
    ["info", "Tea", "/info", false],
    ["warn", "Tea", "/warn", true],
    ["error", "Tea", "/error", true],
    ["error", "Spilt", undefined, true],
  ]);
});
