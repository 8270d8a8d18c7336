import { Problem } from "platform/problem";
import { gatewayProblems } from "./problems.ts";

/**
 * Refuses a body of which a service could be told something else than we read: one that is packed for the
 * way (`Transfer-Encoding: gzip, chunked`), whose packing would be passed on without its name, and one
 * whose length is said more than once. The rest of RFC 9112, section 6, the runtime sees to.
 *
 * @throws {Problem} `odd-framing`
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-6.1 | RFC 9112, Transfer-Encoding}
 */
export function checkFraming(headers: Headers): void {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  const isOdd = (coding !== null && coding.toLowerCase() !== "chunked") ||
    (length !== null && (coding !== null || !/^\d+$/.test(length)));
  if (isOdd) throw new Problem(gatewayProblems.oddFraming);
}
