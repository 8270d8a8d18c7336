import { FieldCipher, type KeyRing } from "platform/crypto";
import type { OrderId } from "../domain/mod.ts";
import type { MethodCipher } from "../ports.ts";

/** Seals payment methods with the keys of orders. */
export class FieldMethodCipher implements MethodCipher {
  readonly #cipher: FieldCipher;

  constructor(ring: KeyRing) {
    this.#cipher = new FieldCipher(ring);
  }

  seal(paymentMethod: string, orderId: OrderId): Promise<string> {
    return this.#cipher.seal(paymentMethod, placeOf(orderId));
  }

  open(sealedMethod: string, orderId: OrderId): Promise<string> {
    return this.#cipher.open(sealedMethod, placeOf(orderId));
  }
}

function placeOf(orderId: OrderId) {
  return { service: "orders", table: "sagas", record: orderId, field: "sealedMethod" };
}
