import { deepEqual, equal } from "node:assert/strict";
import { services } from "tools/contracts";
import {
  type Caller,
  callers,
  expectedAccess,
  type Method,
  methods,
} from "../fixtures/expected_access.ts";
import {
  call,
  openTestPlatform,
  placeOrder,
  products,
  type TestPlatform,
} from "../fixtures/platform.ts";

const people: Readonly<Record<Exclude<Caller, "nobody">, string>> = {
  owner: "alice",
  other: "bob",
  orders: "olga",
  payment: "paula",
  auditor: "audrey",
  admin: "ada",
};

Deno.test("every role, owner, route and method is answered at the edge as the contract says", async () => {
  await using platform = await openTestPlatform();
  const objects = await makeObjects(platform);
  const wrong: string[] = [];
  let cells = 0;
  for (const path of new Set(expectedAccess.map(([path]) => path))) {
    for (const method of methods) {
      for (const caller of callers) {
        const { status } = await ask(platform, fill(path, objects), method, caller);
        const expected = expectedStatus(path, method, caller);
        cells++;
        if (status !== expected) {
          wrong.push(`${caller} ${method} ${path}: ${status}, not ${expected}`);
        }
      }
    }
  }
  deepEqual(wrong, []);
  const paths = new Set(expectedAccess.map(([path]) => path)).size;
  equal(cells, paths * methods.length * callers.length);
  Deno.stdout.writeSync(new TextEncoder().encode(`access matrix: ${cells} cells as expected\n`));
});

Deno.test("the expected access names every operation of the services, and no other", () => {
  const pattern = (path: string) => path.replaceAll(/\{\w+\}|:\w+/g, "*");
  const named = expectedAccess.map(([path, method]) => `${method} ${pattern(path)}`);
  const served = services.flatMap(({ routes }) =>
    Object.values(routes).map(({ method, path }) => `${method.toUpperCase()} ${pattern(path)}`)
  );
  deepEqual(named.toSorted(), served.toSorted());
});

function expectedStatus(path: string, method: Method, caller: Caller): number {
  const row = expectedAccess.find((row) => row[0] === path && row[1] === method);
  return row ? row[2 + callers.indexOf(caller)] as number : 405;
}

async function ask(
  platform: TestPlatform,
  path: string,
  method: Method,
  caller: Caller,
): ReturnType<typeof call> {
  const writes = method === "POST" || method === "PUT" || method === "PATCH";
  return await call(platform, path, {
    method,
    ...writes && { body: {} },
    ...caller !== "nobody" && { token: await platform.tokenOf(people[caller]) },
  });
}

/** What the paths name: all of it the owner's, but for a user whom nobody will miss. */
async function makeObjects(platform: TestPlatform): Promise<Readonly<Record<string, string>>> {
  const token = await platform.tokenOf("alice");
  const me = await call(platform, "/users/me", { token });
  const [product] = await products(platform);
  const productId = product!.id;
  const order = await placeOrder(platform, { token, productId });
  equal(order.body["status"], "confirmed");
  const failed = await placeOrder(platform, {
    token,
    productId,
    paymentMethod: "pm_card_declined",
  });
  equal(failed.body["status"], "payment_failed");
  const doomed = await call(platform, "/users", {
    method: "POST",
    body: { email: "doomed@example.com", name: "Doomed", password: crypto.randomUUID() },
  });
  equal(doomed.status, 201);
  return {
    user: String(me.body["id"]),
    doomed: String(doomed.body["id"]),
    product: productId,
    order: String(order.body["id"]),
    failed: String(failed.body["id"]),
    payment: String(order.body["paymentId"]),
  };
}

function fill(path: string, objects: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => objects[name] ?? "");
}
