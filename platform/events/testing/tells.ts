import type { Outbox } from "../outbox.ts";

/** How often `outbox` tells the relays of its process of events while `change` is made. */
export async function tellsOf(outbox: Outbox, change: () => Promise<unknown>): Promise<number> {
  let tells = 0;
  using _ = outbox.onAdded(() => void tells++);
  await change();
  return tells;
}
