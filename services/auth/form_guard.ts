import { timingSafeEqual } from "node:crypto";
import { Problem, problemTypes } from "platform/problem";

/** The name by which forms carry their token. */
export const formTokenField = "form_token";

const encoder = new TextEncoder();

/**
 * Knows the forms that we gave to a browser from those that others made up for it.
 *
 * @see {@link https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html | OWASP, signed double-submit cookie}
 */
export class FormGuard {
  readonly #keys: readonly string[];
  readonly #origin: string;

  /** @param keys the first makes tokens, all of them are known. */
  constructor({ cookieKeys, issuer }: {
    readonly cookieKeys: readonly string[];
    readonly issuer: string;
  }) {
    this.#keys = cookieKeys;
    this.#origin = new URL(issuer).origin;
  }

  /**
   * Refuses a form of which the browser says that it is from elsewhere. What is no browser says nothing;
   * and one that tells of the origin alone calls it `null`, since our pages are without referrer. So this
   * comes besides a secret in the form, never in its place.
   *
   * @throws {Problem} `forbidden`
   */
  refuseForeign({ headers }: Request): void {
    const site = headers.get("sec-fetch-site");
    const origin = headers.get("origin");
    const isOwn = site !== null
      ? site === "same-origin"
      : origin === null || origin === this.#origin || origin === "null";
    if (isOwn) return;
    throw new Problem(problemTypes.forbidden, { detail: "The form did not come from this site" });
  }

  /** @param binding what ties the form to one browser, such as the id of its session. */
  async tokenFor(binding: string): Promise<string> {
    return await tokenBy(this.#keys[0]!, binding);
  }

  /** Whether the token is one of {@linkcode tokenFor} for the same binding. */
  async isOwn(binding: string, token: string | undefined): Promise<boolean> {
    for (const key of this.#keys) {
      if (isSame(await tokenBy(key, binding), token ?? "")) return true;
    }
    return false;
  }
}

async function tokenBy(key: string, binding: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const bytes = encoder.encode(key);
  const imported = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  const text = encoder.encode(`form token of ${binding}`);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", imported, text));
  return mac.toBase64({ alphabet: "base64url", omitPadding: true });
}

function isSame(expected: string, given: string): boolean {
  const [left, right] = [encoder.encode(expected), encoder.encode(given)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
