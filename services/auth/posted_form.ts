import { readBytes } from "platform/http";
import { type FormFields, formLimits } from "./form_body.ts";

/** A form for an endpoint of the library's, which is looked at before it is passed on as it came. */
export interface PostedForm {
  readonly fields: FormFields;
  /** The request anew, with the same form or another. */
  again(fields?: FormFields): Request;
}

/** Does not check the media type: the library does. @throws {Problem} `content-too-large`, `request-timeout` */
export async function readPostedForm(request: Request): Promise<PostedForm> {
  const bytes = new Uint8Array(await readBytes(request, formLimits));
  const { url, headers } = request;
  return {
    fields: Object.fromEntries(new URLSearchParams(new TextDecoder().decode(bytes))),
    again(fields) {
      const fresh = new Headers(headers);
      fresh.delete("content-length");
      const body = fields ? new URLSearchParams({ ...fields }).toString() : bytes;
      return new Request(url, { method: "POST", headers: fresh, body });
    },
  };
}
