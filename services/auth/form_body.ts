import { readBytes } from "platform/http";
import { Problem, problemTypes } from "platform/problem";

/** More than the fields of any form of ours: a passkey's identifier alone may have 1,364 letters. */
export const formLimits = { bytesMax: 16_384, timeoutMs: 10_000 };

export type FormFields = Readonly<Record<string, string>>;

/** The fields of a posted form. @throws {Problem} `unsupported-media-type`, `content-too-large`, `request-timeout` */
export async function readForm(request: Request): Promise<FormFields> {
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/x-www-form-urlencoded") {
    throw new Problem(problemTypes.unsupportedMediaType, {
      detail: "The form must be application/x-www-form-urlencoded",
    });
  }
  const bytes = await readBytes(request, formLimits);
  return Object.fromEntries(new URLSearchParams(new TextDecoder().decode(bytes)));
}
