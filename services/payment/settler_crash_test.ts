import { deepEqual, equal, ok } from "node:assert/strict";
import { aRefundId, refunding, testSettler } from "./testing/settler_scene.ts";

const places = ["authorize", "capture", "refund"].flatMap((step) =>
  ["before_processor", "after_processor", "after_commit"].map((place) => `${step}.${place}`)
);
for (const place of places) {
  let deaths = 0;
  const onReach = (faultPoint: string) => {
    if (faultPoint === place && deaths++ === 0) throw new Error("killed");
  };
  testSettler(
    `A payment is charged, taken and paid back once, though a process dies at ${place}`,
    async (s) => {
      const settle = async () => {
        await s.settle().catch(() => {});
        await s.settle();
      };
      await settle();
      equal(await s.status(), "succeeded");
      await s.ask(refunding(aRefundId(), 300));
      await settle();
      ok(deaths > 0, "it has died on the way");
      equal(s.processor.callsOf("authorize"), 1);
      deepEqual([...s.processor.refunds.values()], [300]);
      deepEqual(await s.events(), ["succeeded", "refunded"]);
    },
    { onReach },
  );
}
