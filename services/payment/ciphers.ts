import {
  type DocumentCipher,
  formerFieldOf,
  type KeyRing,
  openDocumentCipher,
} from "platform/crypto";
import { Work } from "./domain/mod.ts";

const payments = { service: "payment", table: "payments" };

/** What of the payments' data is kept sealed. */
export interface Ciphers {
  readonly work: DocumentCipher<Work>;
  /** Opens payment methods of work from before it was sealed as a document. */
  readonly formerMethod: (paymentId: string, sealed: string) => string;
}

export function ciphersOf(ring: KeyRing): Ciphers {
  return {
    work: openDocumentCipher({ ring, ...payments, schema: Work }),
    formerMethod: formerFieldOf(ring, { ...payments, field: "sealedMethod" }),
  };
}
