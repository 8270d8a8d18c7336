import { createTransport } from "nodemailer";
import type { Secret } from "platform/config";
import { CallTimeoutError, createResilience, type ResilientCall } from "platform/resilience";
import { serverCheck, type TlsIdentity } from "platform/tls";
import { MailRefusedError, MailTroubleError } from "../domain/mod.ts";
import type { Mailer, Message } from "../ports.ts";

const tryTimeoutMs = 10_000;
const deadlineMs = 20_000;
const portOf: Readonly<Record<string, number>> = { "smtps:": 465, "smtp:": 587 };

export interface SmtpMailerOptions {
  readonly url: Secret;
  readonly ca: string | undefined;
  readonly from: string;
  /** Whose CA vouches for the server when no other is named, and whose denylist counts. */
  readonly identity: Pick<TlsIdentity, "material" | "isRevoked">;
}

/** What we look at of nodemailer's errors. Their texts may repeat whom the message is for. */
interface SmtpFault {
  readonly code?: string;
  readonly responseCode?: number;
  readonly command?: string;
}

/**
 * Sends mail by SMTP over TLS, never without. A connection for each message: there are few of them, and
 * each shows the newest of who vouches for the server.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8314 | RFC 8314, TLS for mail submission}
 */
export class SmtpMailer implements Mailer {
  readonly #options: SmtpMailerOptions;
  readonly #call: ResilientCall;

  constructor(options: SmtpMailerOptions) {
    this.#options = options;
    this.#call = createResilience({
      target: "mail server",
      tryTimeoutMs,
      deadlineMs,
      isTransient: (thrown) =>
        thrown instanceof MailTroubleError || thrown instanceof CallTimeoutError,
    });
  }

  async send(message: Message): Promise<void> {
    // Whether the server has it may not be known: whoever wants it sent asks again, and it has one id.
    await this.#call((signal) => this.#try(message, signal), { repeatable: false });
  }

  async #try({ id, to, subject, text }: Message, signal: AbortSignal): Promise<void> {
    const transport = createTransport(this.#connection());
    try {
      await transport.sendMail({
        from: this.#options.from,
        // Not as text, which would be read as a list.
        to: { name: "", address: to },
        subject,
        text,
        messageId: `<${id}@${this.#options.from.split("@")[1]}>`,
        headers: { "Auto-Submitted": "auto-generated" },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal,
      });
    } catch (thrown) {
      throw translated(thrown as SmtpFault);
    } finally {
      transport.close();
    }
  }

  #connection() {
    const { url, ca, identity } = this.#options;
    const { protocol, hostname, port, username, password } = new URL(url.reveal());
    return {
      host: hostname,
      port: port === "" ? portOf[protocol]! : Number(port),
      secure: protocol === "smtps:",
      requireTLS: true,
      name: "sallyport",
      ...username !== "" && {
        auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
      },
      connectionTimeout: tryTimeoutMs,
      greetingTimeout: tryTimeoutMs,
      socketTimeout: tryTimeoutMs,
      tls: {
        ...ca !== "system" && { ca: ca ?? identity.material.ca },
        minVersion: "TLSv1.2" as const,
        rejectUnauthorized: true,
        checkServerIdentity: serverCheck(identity),
      },
    };
  }
}

/** A server that says no for good says so with 5xx to the recipient or the message, not to our credentials. */
function translated({ code, responseCode, command }: SmtpFault): Error {
  const isFinal = responseCode !== undefined && responseCode >= 500 &&
    (command === "RCPT TO" || command === "DATA");
  const state = `${code ?? "failed"} ${responseCode ?? ""}`.trim();
  return isFinal
    ? new MailRefusedError(`Cannot send mail: refused with ${state}`)
    : new MailTroubleError(`Cannot send mail: ${state}`);
}
