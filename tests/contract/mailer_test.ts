import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { FolderMailer } from "@services/auth/adapters";
import { SmtpMailer, type SmtpMailerOptions } from "@services/auth/adapters/smtp";
import { MailRefusedError, MailTroubleError } from "@services/auth/domain";
import { Secret } from "platform/config";
import { SmtpServer, type SmtpServerOptions } from "../fixtures/smtp_server.ts";
import { anAuthority, TestIdentity } from "../security/tls_fixture.ts";
import { mailerContract, type OpenMailer } from "./mailer_contract.ts";

const from = "no-reply@sallyport.example";
const authority = await anAuthority();
const leaf = await authority.leaf("mail");
const message = { id: "one", to: "ada@example.com", subject: "Hello", text: "Hello" };

mailerContract("FolderMailer", async (): Promise<OpenMailer> => {
  const path = await Deno.makeTempDir();
  const mailer = new FolderMailer({ path, from });
  return {
    mailer,
    async arrived() {
      const names = (await Array.fromAsync(Deno.readDir(path))).map((entry) => entry.name);
      ok(names.every((name) => name.endsWith(".eml")), "nothing unfinished is left");
      return await Promise.all(names.map((name) => Deno.readTextFile(`${path}/${name}`)));
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
});

interface SmtpScene extends OpenMailer {
  readonly server: SmtpServer;
  readonly identity: TestIdentity;
}

async function openScene(
  options: Partial<SmtpServerOptions> = {},
  traits: Pick<SmtpMailerOptions, "tryTimeoutMs"> = {},
): Promise<SmtpScene> {
  const server = await SmtpServer.open({ cert: leaf.cert, key: leaf.key, ...options });
  const identity = new TestIdentity(leaf, authority);
  const url = new Secret(server.url);
  const mailer = new SmtpMailer({ url, ca: undefined, from, identity, ...traits });
  return {
    server,
    identity,
    mailer,
    arrived: () => Promise.resolve(server.received.map(({ data }) => data)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

mailerContract("SmtpMailer over TLS", () => openScene());
mailerContract("SmtpMailer over an upgraded connection", () => openScene({ startTls: true }));

Deno.test("SmtpMailer says nothing of the mail before the connection is encrypted", async () => {
  await using scene = await openScene({ startTls: true });
  await scene.mailer.send(message);
  deepEqual(scene.server.inTheClear.map((line) => line.split(" ")[0]), ["EHLO", "STARTTLS"]);
});

Deno.test("SmtpMailer sends nothing to a server of another CA, or of another name", async () => {
  const other = await anAuthority();
  const strangers = [
    await other.leaf("mail"),
    await authority.oddLeaf({}),
  ];
  for (const { cert, key } of strangers) {
    for (const startTls of [false, true]) {
      await using scene = await openScene({ cert, key, startTls });
      await rejects(scene.mailer.send(message), MailTroubleError);
      deepEqual(scene.server.received, []);
    }
  }
});

Deno.test("SmtpMailer sends nothing to a server that offers no encryption", async () => {
  await using scene = await openScene({ startTls: true, withoutOffer: true });
  await rejects(scene.mailer.send(message), MailTroubleError);
  deepEqual(scene.server.received, []);
});

Deno.test("SmtpMailer sends nothing to a server that has been revoked", async () => {
  await using scene = await openScene();
  scene.identity.revoke(new X509Certificate(leaf.cert).serialNumber);
  await rejects(scene.mailer.send(message), MailTroubleError);
  deepEqual(scene.server.received, []);
});

Deno.test("SmtpMailer tells what is refused for good from what may pass, and no address with it", async () => {
  {
    await using scene = await openScene({ recipientReply: "550 No such mailbox ada@example.com" });
    await rejects(scene.mailer.send(message), (thrown: Error) => {
      ok(thrown instanceof MailRefusedError);
      equal(thrown.message.includes("ada@"), false);
      return true;
    });
  }
  await using scene = await openScene({ recipientReply: "450 Try later" });
  await rejects(scene.mailer.send(message), MailTroubleError);
});

Deno.test("SmtpMailer takes a server that is away for trouble that passes", async () => {
  const scene = await openScene();
  await scene[Symbol.asyncDispose]();
  await rejects(scene.mailer.send(message), MailTroubleError);
});

Deno.test("SmtpMailer gives up on a server that says nothing, within its time", async () => {
  await using scene = await openScene({ mute: true }, { tryTimeoutMs: 100 });
  await rejects(scene.mailer.send(message), { name: /^(CallTimeoutError|MailTroubleError)$/ });
});

Deno.test("FolderMailer shows its mail to its owner alone", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/mail`;
  try {
    await new FolderMailer({ path, from }).send(message);
    equal((await Deno.stat(path)).mode! & 0o777, 0o700);
    equal((await Deno.stat(`${path}/one.eml`)).mode! & 0o777, 0o600);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
