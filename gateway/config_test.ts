import { equal, throws } from "node:assert/strict";
import { ConfigError } from "platform/config";
import { loadConfig, workersMax } from "./config.ts";

/** What is said of the number of workers, in an environment that is otherwise empty. */
function faultOf(variable: string | undefined, ...args: string[]): string | undefined {
  const get = (name: string) => name === "GATEWAY_WORKERS" ? variable : undefined;
  let found: string | undefined;
  throws(() => loadConfig(get, args), (thrown) => {
    found = (thrown as ConfigError).faults.find((fault) => fault.startsWith("GATEWAY_WORKERS: "));
    return thrown instanceof ConfigError;
  });
  return found;
}

Deno.test("a number of workers is a whole one from 1 to its limit, by variable or by flag", () => {
  const right = [undefined, "1", "2", String(workersMax)];
  for (const text of right) equal(faultOf(text), undefined, text);
  const wrong = ["0", "-1", "1.5", "two", String(workersMax + 1)];
  for (const text of wrong) equal(typeof faultOf(text), "string", text);
  for (const text of wrong) equal(typeof faultOf(undefined, `--workers=${text}`), "string", text);
});

Deno.test("the flag goes before the variable, stands beside other flags, and needs a number", () => {
  equal(faultOf("nonsense", "--workers", "2"), undefined);
  equal(faultOf("nonsense", "--supervised", "--workers=2"), undefined);
  equal(typeof faultOf("2", "--workers"), "string");
  equal(typeof faultOf("2", "--workers", "--supervised"), "string");
});
