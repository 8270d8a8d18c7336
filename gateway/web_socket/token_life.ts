/**
 * How long the bearer token of a request is good for yet, in ms; undefined when it has none that tells. Does
 * not verify it: that is done before.
 */
export function tokenLifeMs({ headers }: Request, nowMs: number): number | undefined {
  const [, payload] =
    /^bearer +[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(headers.get("authorization") ?? "") ??
      [];
  if (payload === undefined) return undefined;
  try {
    const text = new TextDecoder().decode(
      Uint8Array.fromBase64(payload, { alphabet: "base64url" }),
    );
    const { exp } = JSON.parse(text) as { readonly exp?: unknown };
    return typeof exp === "number" ? Math.max(0, exp * 1_000 - nowMs) : undefined;
  } catch {
    return undefined;
  }
}
