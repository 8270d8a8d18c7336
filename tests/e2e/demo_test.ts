import { demoSuite, paymentDeadlineMs } from "../fixtures/demo_suite.ts";
import { openTestPlatform } from "../fixtures/platform.ts";

Deno.test("the demo, and every way that money takes, ends as the contract says", async (t) => {
  await using platform = await openTestPlatform({
    extraEnv: { orders: { ORDERS_PAYMENT_DEADLINE_MS: String(paymentDeadlineMs) } },
  });
  await demoSuite(t, platform);
});
