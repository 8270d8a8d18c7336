import { openStores } from "@services/auth/adapters";
import { userStoreContract } from "./user_store_contract.ts";

userStoreContract(
  "EmbeddedUserStore",
  () => Promise.resolve(openStores({ kind: "embedded", path: ":memory:", eventsPath: ":memory:" })),
);
