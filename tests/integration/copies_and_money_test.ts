import { equal } from "node:assert/strict";
import type { Order } from "@services/orders/domain";
import type { Payment } from "@services/payment/domain";
import { joinServices } from "../fixtures/joined_services.ts";
import { anOrder } from "../fixtures/orders.ts";

/** As a copy says that an invalidation has not reached, or that somebody else wrote. */
const pending = anOrder();

Deno.test("No payment is made for what a copy says of an order", async () => {
  await using services = await joinServices({
    orders: { find: (id) => Promise.resolve({ ...pending, id } as Order) },
  });
  const { id } = await services.place({ status: "cancelled" });
  equal((await services.lookup.find(id))?.status, "cancelled");
});

Deno.test("No order is paid because a copy says so of its payment", async () => {
  await using services = await joinServices({
    payments: {
      find: (id) =>
        Promise.resolve(
          {
            id,
            orderId: pending.id,
            customerId: "ada",
            status: "succeeded",
            amountMinor: 900,
            capturedMinor: 900,
            refundedMinor: 0,
            currency: "EUR",
            createdAt: pending.createdAt,
            version: 9,
          } as Payment,
        ),
    },
  });
  const order = await services.place();
  const { id } = await services.payments.authorize(order, "pm_card_visa");
  equal((await services.payments.find(id)).status, "requires_capture");
});
