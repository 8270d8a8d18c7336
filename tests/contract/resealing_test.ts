import { openEmbeddedStores as openAuthStores } from "@services/auth/adapters";
import { ciphersOf as authCiphersOf } from "@services/auth/ciphers";
import { openEmbeddedStores as openOrderStores } from "@services/orders/adapters";
import { ciphersOf as orderCiphersOf } from "@services/orders/ciphers";
import { openEmbeddedStores as openPaymentStores } from "@services/payment/adapters";
import { ciphersOf as paymentCiphersOf } from "@services/payment/ciphers";
import { TestKeyRing } from "platform/crypto/testing";
import { sealedAccounts, sealedArtifacts, sealedMails } from "../fixtures/sealed_accounts.ts";
import { sealedSagas } from "../fixtures/sealed_sagas.ts";
import { sealedWork } from "../fixtures/sealed_work.ts";
import { resealingContract } from "./resealing_contract.ts";

const embedded = { kind: "embedded", path: ":memory:" } as const;

resealingContract("EmbeddedUserStore", () => {
  const ring = new TestKeyRing();
  return Promise.resolve(sealedAccounts(openAuthStores(embedded, authCiphersOf(ring)), ring));
});

resealingContract("EmbeddedGrantStore", () => {
  const ring = new TestKeyRing();
  return Promise.resolve(sealedArtifacts(openAuthStores(embedded, authCiphersOf(ring)), ring));
});

resealingContract("EmbeddedMailStore", () => {
  const ring = new TestKeyRing();
  return Promise.resolve(sealedMails(openAuthStores(embedded, authCiphersOf(ring)), ring));
});

resealingContract("EmbeddedSagaStore", () => {
  const ring = new TestKeyRing();
  return Promise.resolve(sealedSagas(openOrderStores(embedded, orderCiphersOf(ring)), ring));
});

resealingContract("EmbeddedPaymentStore", () => {
  const ring = new TestKeyRing();
  return Promise.resolve(sealedWork(openPaymentStores(embedded, paymentCiphersOf(ring)), ring));
});
