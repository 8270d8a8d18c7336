import {
  type DocumentCipher,
  formerFieldOf,
  type KeyRing,
  openDocumentCipher,
} from "platform/crypto";
import { Saga } from "./domain/mod.ts";

const sagas = { service: "orders", table: "sagas" };

/** What of the orders' data is kept sealed. */
export interface Ciphers {
  readonly sagas: DocumentCipher<Saga>;
  /** Opens payment methods of sagas from before sagas were sealed as documents. */
  readonly formerMethod: (orderId: string, sealed: string) => string;
}

export function ciphersOf(ring: KeyRing): Ciphers {
  return {
    sagas: openDocumentCipher({ ring, ...sagas, schema: Saga }),
    formerMethod: formerFieldOf(ring, { ...sagas, field: "sealedMethod" }),
  };
}
