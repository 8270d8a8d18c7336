import type { Markup } from "./layout.tsx";

export interface PageOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** URIs to which an answer to the page's form may redirect. */
  readonly goesOnTo?: readonly string[];
  /** The page's own script is allowed to run. */
  readonly script?: boolean;
}

/** A page, with the headers that every page of ours has. */
export function pageResponse(
  page: Markup,
  { status = 200, headers = {}, goesOnTo = [], script = false }: PageOptions = {},
): Response {
  return new Response(pageText(page), {
    status,
    headers: { ...pageHeaders(goesOnTo, script), ...headers },
  });
}

export function pageText(page: Markup): string {
  return `<!DOCTYPE html>${page}`;
}

/**
 * Headers of every page: no script runs on it unless it is ours, no other site frames it, nothing keeps it.
 *
 * @param goesOnTo URIs to which an answer to the page's form may redirect: browsers hold the whole
 * chain of redirects to `form-action`.
 */
export function pageHeaders(
  goesOnTo: readonly string[],
  script = false,
): Record<string, string> {
  const formAction = ["'self'", ...new Set(goesOnTo.map(sourceOf))].join(" ");
  const scripts = script ? "script-src 'self'; connect-src 'self'; " : "";
  return {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy":
      `default-src 'none'; style-src 'self'; ${scripts}base-uri 'none'; frame-ancestors 'none'; ` +
      `form-action ${formAction}`,
    // The address of a page may hold the secret of a link.
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
}

/** What a policy calls the place: its origin, or for a native program's own scheme that scheme. */
function sourceOf(uri: string): string {
  const { origin, protocol } = new URL(uri);
  return origin === "null" ? protocol : origin;
}
