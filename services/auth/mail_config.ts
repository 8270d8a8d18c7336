import { z } from "zod";
import { configError, parseEnv, readAll, readStoreCa, Secret } from "platform/config";

/** How mail leaves the program. */
export type MailConfig =
  | {
    readonly kind: "smtp";
    readonly url: Secret;
    /** PEM of who vouches for the server, `system` for the runtime's roots; undefined: who vouches for us. */
    readonly ca: string | undefined;
    readonly from: string;
  }
  | { readonly kind: "folder"; readonly path: string; readonly from: string };

const mailVariables = {
  SALLYPORT_ENV: z.string().default("production"),
  /** `smtps://[user:password@]host[:465]`, or `smtp://…[:587]`, which then must upgrade to TLS. */
  AUTH_SMTP_URL: z.url({
    protocol: /^smtps?$/,
    error: "Must be a URL that begins with smtps:// or smtp://",
  }).optional(),
  /** PEM file of who vouches for the server. The word `system` means the runtime's own roots. */
  AUTH_SMTP_CA_FILE: z.string().optional(),
  /** Who mail is from. */
  AUTH_MAIL_FROM: z.email().optional(),
  /** Folder that mail is put into instead of being sent. Development only. */
  AUTH_MAIL_DIR: z.string().optional(),
};

/**
 * How mail is sent; undefined when it is not, and what needs it cannot be done.
 *
 * @throws {ConfigError} naming the variables that are wrong.
 */
export function readMailConfig(get: (name: string) => string | undefined): MailConfig | undefined {
  const { given, ca } = readAll({
    given: () => parseEnv(mailVariables, get),
    ca: () => readStoreCa("AUTH_SMTP_CA_FILE", get),
  });
  const { AUTH_SMTP_URL: url, AUTH_MAIL_DIR: path, AUTH_MAIL_FROM: from } = given;
  if (path !== undefined && given.SALLYPORT_ENV === "production") {
    throw configError(["AUTH_MAIL_DIR: For development only"]);
  }
  if (url !== undefined && path !== undefined) {
    throw configError(["AUTH_MAIL_DIR: Not together with AUTH_SMTP_URL"]);
  }
  if (url !== undefined) {
    if (from === undefined) throw configError(["AUTH_MAIL_FROM: Needed with AUTH_SMTP_URL"]);
    return { kind: "smtp", url: new Secret(url), ca, from };
  }
  return path === undefined
    ? undefined
    : { kind: "folder", path, from: from ?? "no-reply@sallyport.example" };
}
