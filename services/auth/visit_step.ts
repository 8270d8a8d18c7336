import type { Logger } from "platform/telemetry";
import type { OidcContext } from "./oidc_provider.ts";
import type { Visit } from "./session_visits.ts";

/** A step around every request to the library: tells of those by somebody who is signed in. */
export function tellingVisits(
  { onVisit, log }: { readonly onVisit: (visit: Visit) => Promise<void>; readonly log: Logger },
): (context: OidcContext, next: () => Promise<void>) => Promise<void> {
  return async (context, next) => {
    await next();
    const { uid, accountId } = context.oidc?.session ?? {};
    if (!uid || !accountId) return;
    const { headers: { "user-agent": userAgent = "" }, clientAddress: address = "" } = context.req;
    try {
      await onVisit({ uid, accountId, userAgent, address });
    } catch (thrown) {
      // That it was seen is for the list of devices alone: nobody is kept out for it.
      log.failure("Visit not remembered", thrown);
    }
  };
}
