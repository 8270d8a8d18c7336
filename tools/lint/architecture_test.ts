import { deepEqual } from "node:assert/strict";
import plugin from "./architecture.ts";

const root = new URL("../../", import.meta.url).pathname;

/** The rules that a source breaks, as a file of the checkout. */
function broken(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, root + path, source).map(({ id }) => id);
}

Deno.test("an import against the direction of dependencies is a lint error", () => {
  const imports: readonly [path: string, specifier: string][] = [
    ["platform/http/route.ts", "@services/orders/domain"],
    ["gateway/app.ts", "@services/orders"],
    ["services/orders/app.ts", "@services/payment/domain"],
    ["services/orders/domain/order.ts", "platform/problem"],
    ["services/orders/app.ts", "./adapters/mod.ts"],
    ["services/orders/ports.ts", "mongodb"],
    ["services/orders/app.ts", "../payment/domain/mod.ts"],
    ["services/orders/domain/order.ts", "../adapters/mod.ts"],
    ["services/orders/domain/order.ts", "./../ports.ts"],
    ["services/orders/adapters/mod.ts", "../../../tools/client/mod.ts"],
    ["platform/http/route.ts", "../../gateway/app.ts"],
    ["gateway/app.ts", "../services/orders/routes.ts"],
  ];
  for (const [path, specifier] of imports) {
    const ways = [
      `import {} from "${specifier}";`,
      `export {} from "${specifier}";`,
      `export * from "${specifier}";`,
      `await import("${specifier}");`,
    ];
    for (const source of ways) {
      deepEqual(broken(path, source), ["architecture/dependency-direction"], `${path}: ${source}`);
    }
  }
});

Deno.test("an import along the direction of dependencies is none", () => {
  deepEqual(broken("services/orders/app.ts", 'import {} from "platform/http";'), []);
  deepEqual(broken("services/orders/domain/order.ts", 'import {} from "zod";'), []);
  deepEqual(broken("services/orders/domain/order.ts", 'export * from "./money.ts";'), []);
  deepEqual(broken("services/orders/main.ts", 'import {} from "./adapters/mod.ts";'), []);
  deepEqual(broken("services/orders/adapters/mod.ts", 'import {} from "../domain/mod.ts";'), []);
  deepEqual(broken("tools/platform/mod.ts", 'import {} from "../client/mod.ts";'), []);
});

Deno.test("the environment is read in main.ts only", () => {
  const source = 'Deno.env.get("PORT");';
  deepEqual(broken("services/orders/app.ts", source), ["architecture/env-only-in-main"]);
  deepEqual(broken("services/orders/main.ts", source), []);
});

Deno.test("a handler does not make up its reach", () => {
  const source = 'orders.find(id, "any");';
  deepEqual(broken("services/orders/app.ts", source), ["architecture/reach-from-policy"]);
  deepEqual(broken("services/orders/saga_runner.ts", source), []);
});

Deno.test("a file that could be called anything, and a function that fits no screen, are lint errors", () => {
  deepEqual(broken("platform/utils.ts", ""), ["architecture/no-grab-bag"]);
  const body = `{\n${"work();\n".repeat(70)}}`;
  for (const long of [`function long() ${body}`, `const long = () => ${body};`]) {
    deepEqual(broken("platform/http/route.ts", long), ["architecture/short-functions"]);
  }
});
