import { deepEqual, equal, ok } from "node:assert/strict";
import { z } from "zod";
import { plugins } from "./mod.ts";

/** Of each plugin that needs something said, so much that it works. */
const least: Readonly<Record<string, unknown>> = {
  "rate-limiting": { second: 5, policy: "redis", redis: { host: "redis-host" } },
  "ip-restriction": { allow: ["192.0.2.0/24"] },
  "redirect": { location: "https://new.example" },
  "proxy-cache": { strategy: "memory" },
  "acl": { allow: ["admin"] },
};

Deno.test("what a plugin's schema makes of a configuration is plain JSON, which it takes again as it is", () => {
  for (const { name, config } of plugins) {
    const output = (config as z.ZodType).safeParse(least[name] ?? {});
    // Those that need more than this have tests of their own.
    if (!output.success) {
      ok(!(name in least), `${name}: ${z.prettifyError(output.error)}`);
      continue;
    }
    deepEqual(JSON.parse(JSON.stringify(output.data)), output.data, name);
    deepEqual((config as z.ZodType).parse(output.data), output.data, name);
  }
});

Deno.test("no plugin takes a field that it does not know", () => {
  for (const { name, config } of plugins) {
    const given = { ...least[name] as object, surelyUnknown: 1 };
    const { error } = (config as z.ZodType).safeParse(given);
    ok(error?.issues.some(({ code }) => code === "unrecognized_keys"), name);
  }
});

Deno.test("every plugin has a name of its own", () => {
  equal(new Set(plugins.map(({ name }) => name)).size, plugins.length);
});
