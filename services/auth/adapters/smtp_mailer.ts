import { connect, type Socket } from "node:net";
import { createTransport } from "nodemailer";
import type { Secret } from "platform/config";
import { CallTimeoutError, createResilience, type ResilientCall } from "platform/resilience";
import { serverCheck, type TlsIdentity } from "platform/tls";
import { MailRefusedError, MailTroubleError } from "../domain/mod.ts";
import type { Mailer, Message } from "../ports.ts";

const tryTimeoutMsDefault = 10_000;
const portOf: Readonly<Record<string, number>> = { "smtps:": 465, "smtp:": 587 };

export interface SmtpMailerOptions {
  readonly url: Secret;
  readonly ca: string | undefined;
  readonly from: string;
  /** Whose CA vouches for the server when no other is named, and whose denylist counts. */
  readonly identity: Pick<TlsIdentity, "material" | "isRevoked">;
  /** For the whole of handing a message over. */
  readonly tryTimeoutMs?: number;
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
    const { tryTimeoutMs = tryTimeoutMsDefault } = options;
    this.#call = createResilience({
      target: "mail server",
      tryTimeoutMs,
      // One try: whoever wants it sent tries again, later.
      deadlineMs: tryTimeoutMs,
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
    const { url, ca, identity, tryTimeoutMs = tryTimeoutMsDefault } = this.#options;
    const { protocol, hostname, port, username, password } = new URL(url.reveal());
    return {
      host: hostname,
      port: port === "" ? portOf[protocol]! : Number(port),
      secure: protocol === "smtps:",
      requireTLS: true,
      getSocket: openSocket,
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

/**
 * The library asks name servers by itself, which takes a right to reach them. The runtime resolves names as it
 * does for every connection.
 */
function openSocket(
  { host, port }: { readonly host?: string; readonly port?: number | string },
  ready: (fault: Error | null, socket?: { readonly connection: Socket }) => void,
): void {
  const connection = connect({ host: host!, port: Number(port) });
  connection.once("error", ready);
  connection.setTimeout(tryTimeoutMsDefault, () => connection.destroy(new Error("No connection")));
  connection.once("connect", () => {
    connection.off("error", ready).removeAllListeners("timeout").setTimeout(0);
    ready(null, { connection });
  });
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
