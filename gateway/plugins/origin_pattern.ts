/**
 * What may stand in an expression for origins: plain characters, an escaped dot, and classes that may
 * repeat. A bare dot would fit any character, and a group that repeats could take for ever.
 */
const safeForm =
  /^https?:\/\/(?:[A-Za-z0-9:/-]|\\[.-]|\(\?:[A-Za-z0-9-]+(?:\|[A-Za-z0-9-]+)*\)|\[[A-Za-z0-9-]+\][+*?]?|\\d[+*?]?|\?)+$/;
const plainForm = /^https?:\/\/[\w.:[\]-]+$/;
const repetition = /[+*]/g;
const repetitionsMax = 2;
/** No browser has a longer one. */
const originLengthMax = 300;

export function isPlainOrigin(text: string): boolean {
  return plainForm.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** Whether `text` is an expression that fits the origins that it seems to, and is quickly told. */
export function isOriginPattern(text: string): boolean {
  const bare = unanchored(text);
  if (!safeForm.test(bare)) return false;
  if ((bare.match(repetition)?.length ?? 0) > repetitionsMax) return false;
  try {
    new RegExp(bare);
    return true;
  } catch {
    return false;
  }
}

/** Whether an origin is one of `origins`, each an origin or an expression that must fit it whole. */
export function originTest(origins: readonly string[]): (origin: string) => boolean {
  const plain = new Set(origins.filter(isPlainOrigin));
  const patterns = origins.filter((origin) => origin !== "*" && !isPlainOrigin(origin))
    .map((origin) => new RegExp(`^(?:${unanchored(origin)})$`));
  return (origin) =>
    plain.has(origin) ||
    origin.length <= originLengthMax && patterns.some((pattern) => pattern.test(origin));
}

/** Anchors are there in any case. */
function unanchored(text: string): string {
  return text.replace(/^\^/, "").replace(/\$$/, "");
}
