import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Mailer, Message } from "@services/auth/ports";

/** A mailer, and what has come out at the other end so far: whole messages by RFC 5322. */
export interface OpenMailer extends AsyncDisposable {
  readonly mailer: Mailer;
  arrived(): Promise<readonly string[]>;
}

function aMessage(traits: Partial<Message> = {}): Message {
  return {
    id: crypto.randomUUID(),
    to: "ada@example.com",
    subject: "A new password",
    text: "Hello,\n\nhere is your link:\nhttps://localhost:8443/oidc/reset?token=abc\n",
    ...traits,
  };
}

/** What every Mailer must do. */
export function mailerContract(adapter: string, open: () => Promise<OpenMailer>): void {
  function test(promise: string, check: (opened: OpenMailer) => Promise<void>): void {
    Deno.test(`${adapter} ${promise}`, async () => {
      await using opened = await open();
      await check(opened);
    });
  }

  test("hands over who it is for, what it is about and what it says", async (opened) => {
    const message = aMessage();
    await opened.mailer.send(message);
    const [arrived, ...others] = await opened.arrived();
    deepEqual(others, []);
    match(arrived!, /^To: <?ada@example\.com>?\r$/m);
    match(arrived!, /^From: <?no-reply@sallyport\.example>?\r$/m);
    match(arrived!, /^Subject: A new password\r$/m);
    match(arrived!, new RegExp(`^Message-ID: <${message.id}@`, "mi"));
    match(arrived!, /^Content-Type: text\/plain; charset=utf-8\r$/m);
    ok(
      arrived!.includes("\r\n\r\nHello,\r\n\r\nhere is your link:\r\nhttps://localhost:8443/oidc/"),
    );
  });

  test("lets nobody add a header or a recipient by what they call themselves", async (opened) => {
    await opened.mailer.send(aMessage({ subject: "Hello\r\nBcc: eve@example.com" }));
    const [arrived] = await opened.arrived();
    equal(/^Bcc:/mi.test(arrived!), false);
  });

  test("sends every message by itself, under its own id", async (opened) => {
    const messages = Array.from({ length: 5 }, () => aMessage());
    await Promise.all(messages.map((message) => opened.mailer.send(message)));
    const arrived = await opened.arrived();
    equal(arrived.length, 5);
    for (const { id } of messages) equal(arrived.filter((text) => text.includes(id)).length, 1);
  });
}
