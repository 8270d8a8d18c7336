import { deepEqual, equal } from "node:assert/strict";
import { services } from "tools/contracts";
import {
  type Caller,
  callers,
  expectedAccess,
  expectedOidcAccess,
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
  const cells = expectedCells();
  for (const { path, method, caller, expected } of cells) {
    const { status } = await ask(platform, fill(path, objects), method, caller);
    if (status !== expected) wrong.push(`${caller} ${method} ${path}: ${status}, not ${expected}`);
  }
  deepEqual(wrong, []);
  const paths = new Set(expectedAccess.map(([path]) => path)).size;
  const reads = expectedAccess.filter(([, method]) => method === "GET").length;
  const rows = paths * methods.length + reads + 2 * expectedOidcAccess.length;
  equal(cells.length, rows * callers.length);
  Deno.stdout.writeSync(
    new TextEncoder().encode(`access matrix: ${cells.length} cells as expected\n`),
  );
});

Deno.test("the expected access names every operation of the services, and no other", () => {
  const pattern = (path: string) => path.replaceAll(/\{\w+\}|:\w+/g, "*");
  const named = expectedAccess.map(([path, method]) => `${method} ${pattern(path)}`);
  const served = services.flatMap(({ routes }) =>
    Object.values(routes).map(({ method, path }) => `${method.toUpperCase()} ${pattern(path)}`)
  );
  deepEqual(named.toSorted(), served.toSorted());
});

interface Cell {
  readonly path: string;
  readonly method: string;
  readonly caller: Caller;
  readonly expected: number;
}

/** Every path with every method, and HEAD where there is GET: its answer is the same, without the body. */
function expectedCells(): Cell[] {
  const cells: Cell[] = [];
  const add = (path: string, method: string, statuses: readonly number[]) => {
    for (const [at, caller] of callers.entries()) {
      cells.push({ path, method, caller, expected: statuses[at] ?? 405 });
    }
  };
  for (const path of new Set(expectedAccess.map(([path]) => path))) {
    for (const method of methods) {
      const [, , ...statuses] = expectedAccess.find((row) =>
        row[0] === path && row[1] === method
      ) ??
        [path, method];
      add(path, method, statuses);
      if (method === "GET" && statuses.length > 0) add(path, "HEAD", statuses);
    }
  }
  for (const [path, method, ...statuses] of expectedOidcAccess) {
    add(path, method, statuses);
    add(path, "HEAD", statuses);
  }
  return cells;
}

async function ask(
  platform: TestPlatform,
  path: string,
  method: string,
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
