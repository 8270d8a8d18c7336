import { equal, match } from "node:assert/strict";
import { ensureCertificates } from "certs/store";
import { CookieJar } from "tools/client";
import { eventually } from "../fixtures/eventually.ts";
import { openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";
import { SmtpServer } from "../fixtures/smtp_server.ts";

Deno.test("a platform sends its mail to the server that it is told of, whose CA is its own", async () => {
  await using serving = new AsyncDisposableStack();
  let server: SmtpServer | undefined;
  await using platform = await openTestPlatform({
    async prepare(dir) {
      await ensureCertificates(`${dir}/tls`, ["mail"], new Date());
      server = serving.use(
        await SmtpServer.open({
          cert: await Deno.readTextFile(`${dir}/tls/mail/cert.pem`),
          key: await Deno.readTextFile(`${dir}/tls/mail/key.pem`),
        }),
      );
    },
    startStores: () =>
      Promise.resolve({
        auth: { AUTH_SMTP_URL: server!.url, AUTH_MAIL_FROM: "no-reply@sallyport.example" },
      }),
  });
  equal(await forget(platform, "alice@example.com"), 200);
  const mail = await eventually("the mail is there", () => server!.received[0]);
  equal(mail.from, "no-reply@sallyport.example");
  equal(mail.to.join(), "alice@example.com");
  match(mail.data, /\/oidc\/reset\?token=3D|\/oidc\/reset\?token=/);
});

/** Fills the form in as a browser would. @returns the status of the answer. */
async function forget({ edge }: TestPlatform, email: string): Promise<number> {
  const jar = new CookieJar();
  const form = await edge.fetch("/oidc/forgot");
  jar.take(form.headers);
  const token = /name="form_token" value="([^"]+)"/.exec(await form.text())![1]!;
  const response = await edge.fetch("/oidc/forgot", {
    method: "POST",
    headers: { cookie: jar.header("/oidc/forgot"), origin: edge.url },
    body: new URLSearchParams({ email, "form_token": token }),
  });
  await response.body?.cancel();
  return response.status;
}
