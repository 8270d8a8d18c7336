import type { Database, Row, SealedColumn } from "platform/store";
import type { ArtifactDocument } from "../ciphers.ts";
import {
  type Artifact,
  artifactsListedMax,
  type FoundArtifact,
  type GrantStore,
} from "../ports.ts";

/** Longer than anything that a grant leads to may live, which is 14 days. */
const revokedKeptMs = 30 * 86_400_000;

const found = `
  select artifacts.*, consumed_artifacts.consumed_at_ms
  from artifacts left join consumed_artifacts using (key)
`;

/** Keeps grants in one SQLite file: the default, for development and single-node use. */
export class EmbeddedGrantStore implements GrantStore {
  readonly #db: Database;
  readonly #artifacts: SealedColumn<ArtifactDocument>;

  constructor(db: Database, artifacts: SealedColumn<ArtifactDocument>) {
    this.#db = db;
    this.#artifacts = artifacts;
  }

  // deno-lint-ignore require-await -- what sealing throws must come as a rejection.
  async put(artifact: Artifact): Promise<void> {
    this.#db.run(
      `insert or replace into artifacts
         (key, uid_key, user_code_key, grant_id, owner, key_id, payload, expires_at_ms)
       select :key, :uidKey, :userCodeKey, :grantId, :owner, :keyId, :sealed, :expiresAtMs
       where not exists (select 1 from revoked_grants where grant_id = :grantId)`,
      {
        ...this.#artifacts.seal(artifact.key, { payload: artifact.payload }),
        key: artifact.key,
        uidKey: artifact.uidKey ?? null,
        userCodeKey: artifact.userCodeKey ?? null,
        grantId: artifact.grantId ?? null,
        owner: artifact.owner ?? null,
        expiresAtMs: artifact.expiresAt.getTime(),
      },
    );
  }

  find(key: string): Promise<FoundArtifact | undefined> {
    return this.#one("key", key);
  }

  findByUid(uidKey: string): Promise<FoundArtifact | undefined> {
    return this.#one("uid_key", uidKey);
  }

  findByUserCode(userCodeKey: string): Promise<FoundArtifact | undefined> {
    return this.#one("user_code_key", userCodeKey);
  }

  // deno-lint-ignore require-await -- what opening throws must come as a rejection.
  async listByOwner(owner: string): Promise<readonly FoundArtifact[]> {
    const rows = this.#db.all(
      `${found} where owner = :owner order by expires_at_ms desc limit :limit`,
      { owner, limit: artifactsListedMax },
    );
    return rows.map((row) => this.#toArtifact(row));
  }

  consumeOnce(key: string, rememberUntil: Date, at: Date): Promise<boolean> {
    // The key is unique: of all that insert it, one has inserted it.
    const inserted = this.#db.run(
      `insert or ignore into consumed_artifacts (key, remember_until_ms, consumed_at_ms)
       values (:key, :until, :at)`,
      { key, until: rememberUntil.getTime(), at: at.getTime() },
    );
    return Promise.resolve(inserted === 1);
  }

  destroy(key: string): Promise<void> {
    this.#db.run("delete from artifacts where key = :key", { key });
    return Promise.resolve();
  }

  revokeGrant(grantId: string): Promise<void> {
    this.#db.transaction(() => {
      this.#db.run(
        `insert or ignore into revoked_grants (grant_id, remember_until_ms)
         values (:grantId, unixepoch() * 1000 + :keptMs)`,
        { grantId, keptMs: revokedKeptMs },
      );
      this.#db.run("delete from artifacts where grant_id = :grantId", { grantId });
    });
    return Promise.resolve();
  }

  revokeOwner(owner: string): Promise<void> {
    this.#db.run("delete from artifacts where owner = :owner", { owner });
    return Promise.resolve();
  }

  sweep(at: Date): Promise<number> {
    return Promise.resolve(this.#db.transaction(() => {
      const nowMs = at.getTime();
      this.#db.run("delete from consumed_artifacts where remember_until_ms <= :nowMs", { nowMs });
      this.#db.run("delete from revoked_grants where remember_until_ms <= :nowMs", { nowMs });
      return this.#db.run("delete from artifacts where expires_at_ms <= :nowMs", { nowMs });
    }));
  }

  // deno-lint-ignore require-await -- what opening throws must come as a rejection.
  async #one(
    column: "key" | "uid_key" | "user_code_key",
    value: string,
  ): Promise<FoundArtifact | undefined> {
    const row = this.#db.get(`${found} where artifacts.${column} = :value`, { value });
    return row && this.#toArtifact(row);
  }

  #toArtifact(row: Row): FoundArtifact {
    return {
      key: String(row["key"]),
      uidKey: textOf(row["uid_key"]),
      userCodeKey: textOf(row["user_code_key"]),
      grantId: textOf(row["grant_id"]),
      owner: textOf(row["owner"]),
      payload: this.#artifacts.open(row).payload,
      expiresAt: new Date(Number(row["expires_at_ms"])),
      consumedAt: dateOf(row["consumed_at_ms"]),
    };
  }
}

function dateOf(value: Row[string] | undefined): Date | undefined {
  return typeof value === "number" ? new Date(value) : undefined;
}

function textOf(value: Row[string] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
