import type { Happening } from "platform/events";
import type { UserEvent } from "../domain/mod.ts";

/** What other programs are told of a change. */
export function happeningOf(
  { kind, userId, roles, status, version, at, securityVersion, signInsValidFrom }: UserEvent,
): Happening {
  return {
    type: `sallyport.auth.user.${kind}`,
    subject: userId,
    at,
    data: {
      id: userId,
      roles,
      status,
      version,
      ...securityVersion !== undefined && { securityVersion, signInsValidFrom },
    },
  };
}
