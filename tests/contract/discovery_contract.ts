import { deepEqual, equal } from "node:assert/strict";
import type { Discovery } from "platform/discovery";
import { eventually } from "../fixtures/eventually.ts";

/** A discovery to which payment, at `port` of 127.0.0.1, is no stranger: told beforehand, or told by registration. */
export interface DiscoveryScene extends AsyncDisposable {
  readonly discovery: Discovery;
  readonly port: number;
}

/** What every Discovery must do. `open` gives one with three programs; without it, the tests are ignored. */
export function discoveryContract(
  adapter: string,
  open?: () => Promise<DiscoveryScene>,
): void {
  function test(promise: string, check: (scene: DiscoveryScene) => Promise<void> | void): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using scene = await open!();
        await check(scene);
      },
    });
  }

  test("finds an instance that registered, once however often it did", async ({ discovery, port }) => {
    await using _first = discovery.register({ program: "payment", port });
    await using _again = discovery.register({ program: "payment", port });
    const instances = discovery.watch("payment")!;
    await eventually("it is found", () => instances.origins.length > 0);
    deepEqual(instances.origins, [`https://127.0.0.1:${port}`]);
  });

  test("tells the same to all who watch a program", async ({ discovery, port }) => {
    await using _registration = discovery.register({ program: "payment", port });
    const [one, other] = [discovery.watch("payment")!, discovery.watch("payment")!];
    await eventually("it is found", () => one.origins.length > 0);
    deepEqual(other.origins, one.origins);
  });

  test("knows no program by another name than a program's", ({ discovery }) => {
    for (const name of ["psp", "localhost", "payment.example", "", "../payment"]) {
      equal(discovery.watch(name), undefined, name);
    }
  });
}
