import { Problem, problemTypes } from "platform/problem";

export interface BodyLimits {
  readonly bytesMax: number;
  readonly timeoutMs: number;
}

/** What a JSON API needs to read; larger contents belong in an object store. */
export const bodyLimits: BodyLimits = { bytesMax: 65_536, timeoutMs: 10_000 };

/**
 * The text of a JSON body, read within `limits`.
 *
 * @throws {Problem} `unsupported-media-type`, `content-too-large`, `request-timeout`, or
 * `malformed-json` when the bytes are not UTF-8.
 */
export async function readJsonText(
  request: Request,
  limits: BodyLimits = bodyLimits,
): Promise<string> {
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") throw new Problem(problemTypes.unsupportedMediaType);
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > limits.bytesMax) throw new Problem(problemTypes.contentTooLarge);
  const bytes = await readBytes(request, limits);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem(problemTypes.malformedJson, { detail: "The body is not UTF-8", cause });
  }
}

/** The bytes of a body of any type. @throws {Problem} `content-too-large` or `request-timeout` */
export async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  const reader = request.body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    // A failed cancel leaves the read below to fail by itself.
    reader.cancel().catch(() => {});
  }, limits.timeoutMs);
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.byteLength;
      if (length > limits.bytesMax) throw new Problem(problemTypes.contentTooLarge);
      parts.push(part.value);
    }
  } finally {
    clearTimeout(deadline);
  }
  if (late) throw new Problem(problemTypes.requestTimeout);
  return concat(parts, length);
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
