import type { TlsIdentity } from "platform/tls";
import type { MailConfig } from "../mail_config.ts";
import type { Mailer } from "../ports.ts";
import { FolderMailer } from "./folder_mailer.ts";

/** The way out for mail that the configuration names. */
export async function openMailer(config: MailConfig, identity: TlsIdentity): Promise<Mailer> {
  if (config.kind === "folder") return new FolderMailer(config);
  // Loaded when it is asked for, like the drivers of stores.
  const { SmtpMailer } = await import("./smtp_mailer.ts");
  return new SmtpMailer({ ...config, identity });
}
