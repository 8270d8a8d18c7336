import { FieldCipher, type FieldPlace, type KeyRing } from "platform/crypto";
import type { PaymentId } from "../domain/mod.ts";
import type { MethodCipher } from "../ports.ts";

/** Seals payment methods with the keys of payment. */
export class FieldMethodCipher implements MethodCipher {
  readonly #cipher: FieldCipher;

  constructor(ring: KeyRing) {
    this.#cipher = new FieldCipher(ring);
  }

  seal(paymentMethod: string, id: PaymentId): Promise<string> {
    return this.#cipher.seal(paymentMethod, placeOf(id));
  }

  open(sealedMethod: string, id: PaymentId): Promise<string> {
    return this.#cipher.open(sealedMethod, placeOf(id));
  }
}

function placeOf(id: PaymentId): FieldPlace {
  return { service: "payment", table: "payments", record: id, field: "sealedMethod" };
}
