import type { Handlers } from "platform/http";
import type { AuditLog } from "./ports.ts";
import type { routes } from "./routes.ts";

/** What auditors and admins ask of the audit log, wherever people sign in. */
export function auditReads(
  { audit }: { readonly audit: AuditLog },
): Pick<Handlers<typeof routes>, "listAudit" | "verifyAudit"> {
  return {
    listAudit: ({ query }) => audit.list(query),
    verifyAudit: () => audit.verify(),
  };
}
