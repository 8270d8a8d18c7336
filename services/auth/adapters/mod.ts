import type { EmbeddedStoresConfig } from "platform/config";
import {
  EmbeddedEventPublisher,
  EmbeddedOutbox,
  type EventPublisher,
  type Outbox,
} from "platform/events";
import type { GrantStore, UserStore } from "../ports.ts";
import { openEmbeddedDatabase } from "./embedded_database.ts";
import { EmbeddedGrantStore } from "./embedded_grant_store.ts";
import { EmbeddedUserStore } from "./embedded_user_store.ts";

export * from "./oidc_adapter.ts";
export * from "./worker_passwords.ts";

/** Everything that auth keeps, in one place, so that it commits together. */
export interface Stores extends AsyncDisposable {
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly outbox: Outbox;
  readonly publisher: EventPublisher;
}

export function openStores({ path, eventsPath }: EmbeddedStoresConfig): Stores {
  const db = openEmbeddedDatabase(path);
  const outbox = new EmbeddedOutbox(db, "auth");
  const publisher = new EmbeddedEventPublisher(eventsPath);
  return {
    users: new EmbeddedUserStore(db, outbox),
    grants: new EmbeddedGrantStore(db),
    outbox,
    publisher,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      db[Symbol.dispose]();
    },
  };
}
