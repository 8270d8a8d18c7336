import { AuthError } from "./domain/mod.ts";
import { readForm } from "./form_body.ts";
import type { OidcRequest } from "./interaction.ts";
import type { OidcClient, OidcContext } from "./oidc_provider.ts";
import {
  deviceCodePage,
  deviceConfirmPage,
  deviceDonePage,
  type Markup,
  pageHeaders,
  pageResponse,
  pageText,
  tooManyCodesPage,
} from "./pages/mod.ts";
import type { SignInAttempts } from "./ports.ts";
import { refusalOf } from "./refusal.ts";
import type { LibraryHandler } from "./token_endpoints.ts";

/** What was wrong with a code, as oidc-provider calls it, in words for the person who typed it. */
const faults: Readonly<Record<string, string>> = {
  NoCodeError: "Type the code that your device shows.",
  NotFoundError: "There is no such code. Compare it with what your device shows.",
  ExpiredError: "This code has expired. Have your device show another.",
  AlreadyUsedError: "This code has been used. Have your device show another.",
  AbortedError: "You have turned the device away.",
};

/** @see {@link https://www.rfc-editor.org/rfc/rfc8628 | RFC 8628, device authorization grant} */
export const deviceFlow = {
  enabled: true,
  // 20 consonants, eight of them: 34 bits, and who guesses has to wait.
  charset: "base-20",
  mask: "****-****",
  userCodeInputSource(
    context: OidcContext,
    form: string,
    _out?: unknown,
    thrown?: Error & { readonly userCode?: string },
  ): void {
    const fault = thrown && (faults[thrown.name] ?? "This did not work. Begin again.");
    // The library would answer 200, and nobody could tell a guess from a code.
    if (thrown && thrown.name !== "AbortedError") context.status = 422;
    show(context, deviceCodePage({ ...hiddenOf(form), code: thrown?.userCode ?? "", fault }));
  },
  userCodeConfirmSource(
    context: OidcContext,
    form: string,
    client: OidcClient,
    _info: unknown,
    userCode: string,
  ): void {
    const clientName = client.clientName ?? client.clientId;
    show(context, deviceConfirmPage({ ...hiddenOf(form), clientName, userCode }));
  },
  successSource(context: OidcContext): void {
    show(context, deviceDonePage());
  },
};

function show(context: OidcContext, page: Markup): void {
  context.set(pageHeaders([]));
  context.body = pageText(page);
}

/** Of the library's own form we keep what makes it good: where it goes, and its token. */
function hiddenOf(form: string): { readonly action: string; readonly xsrf: string } {
  return {
    action: /\saction="([^"]*)"/.exec(form)?.[1] ?? "",
    xsrf: /name="xsrf" value="([^"]*)"/.exec(form)?.[1] ?? "",
  };
}

/**
 * Counts each code that is typed: a guess that hits would connect a stranger's device.
 *
 * @param library answers 422 to a code that is none: see {@linkcode deviceFlow}.
 */
export async function submitUserCode(
  c: OidcRequest,
  library: LibraryHandler,
  { attempts, now }: { readonly attempts: SignInAttempts; readonly now: () => Date },
): Promise<Response> {
  const fields = await readForm(c.req.raw);
  const address = c.env?.clientAddress ?? "";
  try {
    const attempt = await attempts.begin(address, address, now(), "user code");
    const headers = new Headers(c.req.raw.headers);
    headers.delete("content-length");
    const body = new URLSearchParams(fields);
    const response = await library(new Request(c.req.url, { method: "POST", headers, body }));
    if (response.status < 400) await attempt.wasNone();
    return response;
  } catch (thrown) {
    if (!(thrown instanceof AuthError)) throw thrown;
    const { status, headers, alert } = refusalOf(thrown);
    return pageResponse(tooManyCodesPage(alert), { status, headers });
  }
}
