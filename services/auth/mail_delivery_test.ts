import { deepEqual, equal, match } from "node:assert/strict";
import { TestKeyRing } from "platform/crypto/testing";
import { silentLogger as log } from "platform/telemetry";
import { openEmbeddedStores } from "./adapters/mod.ts";
import { ciphersOf } from "./ciphers.ts";
import {
  type Account,
  changedProfile,
  MailRefusedError,
  MailTroubleError,
  signedUp,
  UserId,
} from "./domain/mod.ts";
import { MailDelivery, mailLifeMs, noticeDelayMs } from "./mail_delivery.ts";
import { issuer } from "./testing/auth_server.ts";
import { Mailbox } from "./testing/mailbox.ts";

const email = "ada@example.com";
const start = new Date("2026-01-02T12:00:00.000Z");

/** Deliveries that follow one another on the same store, as after a crash. */
class Scene implements AsyncDisposable {
  readonly #stores = openEmbeddedStores(
    { kind: "embedded", path: ":memory:" },
    ciphersOf(new TestKeyRing()),
  );
  readonly mailbox = new Mailbox();
  now = start;

  open(): MailDelivery {
    const now = () => this.now;
    const newId = () => crypto.randomUUID();
    return new MailDelivery({
      ...this.#stores,

      mailer: this.mailbox,
      issuer,
      log,
      now,
      newId,
    });
  }

  async addAda(): Promise<Account> {
    const stamp = { id: UserId.parse(crypto.randomUUID()), at: start };
    const person = { email, name: "Ada", passwordHash: "$argon2id$", roles: [] };
    const { id } = await this.#stores.users.insert(signedUp(person, stamp));
    return (await this.#stores.users.find(id, "any"))!;
  }

  async rename({ id }: Account): Promise<void> {
    await this.#stores.users.update(id, "any", (ada) => changedProfile(ada, { name: "A" }, start));
  }

  pass(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  /** What is left, whenever it is due. */
  async left(): Promise<number> {
    return (await this.#stores.mails.due(new Date(8e12), 100)).length;
  }

  /** Resolves when nothing is left. */
  async emptied(): Promise<void> {
    while (await this.left() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stores[Symbol.asyncDispose]();
  }
}

Deno.test("MailDelivery sends after a crash what was asked for before it", async () => {
  await using scene = new Scene();
  await scene.addAda();
  scene.mailbox.troubles.push(new MailTroubleError("The server is away"));
  {
    await using dying = scene.open();
    await dying.ask({ kind: "reset", email });
  }
  deepEqual(scene.mailbox.received, []);
  equal(await scene.left(), 1);
  scene.pass(60_000);
  await using _next = scene.open();
  match((await scene.mailbox.next(email)).text, /\/oidc\/reset\?token=[\w-]{43}$/m);
});

Deno.test("MailDelivery forgets mail that the server refuses for good, and mail that is too late", async () => {
  await using scene = new Scene();
  await scene.addAda();
  scene.mailbox.troubles.push(new MailRefusedError("No such mailbox"));
  {
    await using delivery = scene.open();
    await delivery.ask({ kind: "reset", email });
  }
  equal(await scene.left(), 0);
  scene.mailbox.troubles.push(new MailTroubleError("The server is away"));
  {
    await using delivery = scene.open();
    await delivery.ask({ kind: "reset", email });
  }
  scene.pass(mailLifeMs + 1);
  {
    await using delivery = scene.open();
    await delivery.ask({ kind: "reset", email: "nobody@example.com" });
    await scene.emptied();
  }
  deepEqual(scene.mailbox.received, []);
});

Deno.test("MailDelivery tells of a change when it is made, and of none that is not", async () => {
  await using scene = new Scene();
  const ada = await scene.addAda();
  {
    await using delivery = scene.open();
    await delivery.announce("password_changed", ada);
    scene.pass(noticeDelayMs + 1);
    await scene.emptied();
    deepEqual(scene.mailbox.received, []);

    const tell = await delivery.announce("password_changed", ada);
    await scene.rename(ada);
    tell();
    match((await scene.mailbox.next(email)).subject, /password was changed/);
  }
});

Deno.test("MailDelivery tells of a change whose program died before it could", async () => {
  await using scene = new Scene();
  const ada = await scene.addAda();
  {
    await using dying = scene.open();
    await dying.announce("password_changed", ada);
    await scene.rename(ada);
  }
  scene.pass(noticeDelayMs + 1);
  await using _next = scene.open();
  match((await scene.mailbox.next(email)).subject, /password was changed/);
});
