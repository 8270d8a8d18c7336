import { equal } from "node:assert/strict";
import { createLogger, lineWriter } from "./logger.ts";

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
    createLogger({ service: "tea", write }).info("Tea is ready");
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
  write("Tea for two: 4,50 €");
  equal(new TextDecoder().decode(new Uint8Array(taken)), "Tea for two: 4,50 €\n");
});

Deno.test("A line is given up when nothing of it is taken", () => {
  let tries = 0;
  lineWriter({ writeSync: () => (tries++, 0) })("Tea");
  equal(tries, 1);
});
