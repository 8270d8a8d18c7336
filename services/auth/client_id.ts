import type { FormFields } from "./form_body.ts";

/** Who was authenticated: whom the `Authorization` header names, or the form. */
export function clientIdOf(headers: Headers, fields: FormFields): string {
  const [scheme, credentials = ""] = (headers.get("authorization") ?? "").split(" ");
  if (scheme?.toLowerCase() !== "basic") return fields["client_id"] ?? "";
  const [id = ""] = atob(credentials).split(":");
  return decodeURIComponent(id.replaceAll("+", "%20"));
}
