import { deepEqual, equal } from "node:assert/strict";
import type { Stores } from "@services/auth/adapters";
import type { AuditEvent } from "@services/auth/domain";

const event = (action: string): AuditEvent => ({
  at: "2026-01-02T03:04:05.000Z",
  action,
  outcome: "done",
  status: 200,
  actor: "ada",
  subject: null,
  address: "192.0.2.1",
});

export interface AuditSubject extends AsyncDisposable {
  /** Replicas of one store. */
  readonly stores: readonly Stores[];
  /** Does to the log, past the store, what nobody should. */
  tamper(seq: number, change: "remove" | { readonly actor: string }): Promise<void>;
}

/** What every AuditLog must do. */
export function auditLogContract(name: string, open?: () => Promise<AuditSubject>): void {
  function test(promise: string, check: (subject: AuditSubject) => Promise<void>): void {
    Deno.test({
      name: `${name} ${promise}`,
      ignore: !open,
      async fn() {
        await using subject = await open!();
        await check(subject);
      },
    });
  }

  test("lists what was appended, newest first, page by page", async ({ stores: [store] }) => {
    const { audit } = store!;
    for (const action of ["one", "two", "three"]) await audit.append(event(action));
    const first = await audit.list({ limit: 2 });
    deepEqual(first.items.map(({ seq, action }) => [seq, action]), [[3, "three"], [2, "two"]]);
    const { seq, at } = first.items.at(-1)!;
    const next = await audit.list({ limit: 2, cursor: { at, id: String(seq) } });
    deepEqual(next.items.map(({ action }) => action), ["one"]);
    equal(next.nextCursor, null);
    const { hash: _hash, seq: _seq, ...kept } = next.items[0]!;
    deepEqual(kept, event("one"));
  });

  test("keeps one chain, however many append at once", async ({ stores }) => {
    await Promise.all(
      Array.from(
        { length: 60 },
        (_, at) => stores[at % stores.length]!.audit.append(event(String(at))),
      ),
    );
    deepEqual(await stores[0]!.audit.verify(), { entries: 60, brokenAt: null });
  });

  test("finds what was changed and what was taken out", async (subject) => {
    const { audit } = subject.stores[0]!;
    deepEqual(await audit.verify(), { entries: 0, brokenAt: null });
    for (const action of ["one", "two", "three", "four"]) await audit.append(event(action));
    await subject.tamper(3, { actor: "mallory" });
    deepEqual(await audit.verify(), { entries: 2, brokenAt: 3 });
    await subject.tamper(1, "remove");
    deepEqual(await audit.verify(), { entries: 0, brokenAt: 2 });
  });
}
