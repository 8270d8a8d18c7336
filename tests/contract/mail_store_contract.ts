import { deepEqual, equal, ok } from "node:assert/strict";
import type { QueuedMail } from "@services/auth/domain";
import type { MailStore } from "@services/auth/ports";

export interface OpenMailStore extends AsyncDisposable {
  readonly mails: MailStore;
}

const start = Date.now();
const later = (seconds: number) => new Date(start + seconds * 1000);
const leaseMs = 30_000;

function aMail(traits: Partial<QueuedMail> = {}): QueuedMail {
  return {
    id: crypto.randomUUID(),
    mail: { kind: "reset", email: "ada@example.com" },
    queuedAt: later(0),
    dueAt: later(0),
    ...traits,
  };
}

/** What every MailStore must do. `open` gives an empty one; without it, the tests are ignored. */
export function mailStoreContract(adapter: string, open?: () => Promise<OpenMailStore>): void {
  function test(promise: string, check: (mails: MailStore) => Promise<void>): void {
    Deno.test({
      name: `${adapter} ${promise}`,
      ignore: !open,
      async fn() {
        await using store = await open!();
        await check(store.mails);
      },
    });
  }

  test("gives mail back as it was added, until it is removed", async (mails) => {
    const mail = aMail({
      mail: { kind: "sign_up", email: "a@b.example", name: "A", passwordHash: "$argon2id$" },
    });
    await mails.add(mail);
    deepEqual((await mails.claim(mail.id, later(1), leaseMs))?.item, mail);
    await mails.remove(mail.id);
    equal(await mails.claim(mail.id, later(100), leaseMs), undefined);
    deepEqual(await mails.due(later(100), 10), []);
  });

  test("lists what is due, the longest due first, and no more than asked for", async (mails) => {
    const [first, second, future] = [
      aMail({ dueAt: later(1) }),
      aMail({ dueAt: later(2) }),
      aMail({ dueAt: later(60) }),
    ];
    for (const mail of [second, future, first]) await mails.add(mail);
    deepEqual(await mails.due(later(10), 10), [first.id, second.id]);
    deepEqual(await mails.due(later(10), 1), [first.id]);
  });

  test("lets nobody else have mail until it is released or its lease has run out", async (mails) => {
    const mail = aMail();
    await mails.add(mail);
    const claim = await mails.claim(mail.id, later(1), leaseMs);
    ok(claim);
    equal(await mails.claim(mail.id, later(2), leaseMs), undefined);
    deepEqual(await mails.due(later(2), 10), []);
    await mails.release(mail.id, later(99));
    equal(await mails.claim(mail.id, later(3), leaseMs), undefined, "another's lease");
    await mails.release(mail.id, claim.leasedUntil);
    ok(await mails.claim(mail.id, later(4), leaseMs));
    ok(await mails.claim(mail.id, later(4 + leaseMs / 1000), leaseMs), "a crashed holder's");
  });

  test("gives mail that is not due yet to who asks for it", async (mails) => {
    const mail = aMail({ dueAt: later(60) });
    await mails.add(mail);
    ok(await mails.claim(mail.id, later(1), leaseMs));
  });

  test("has postponed mail due no earlier", async (mails) => {
    const mail = aMail({ dueAt: later(5) });
    await mails.add(mail);
    await mails.postpone(mail.id, later(20));
    await mails.postpone(mail.id, later(10));
    deepEqual(await mails.due(later(19), 10), []);
    deepEqual(await mails.due(later(20), 10), [mail.id]);
  });
}
