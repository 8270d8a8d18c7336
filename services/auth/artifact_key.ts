/** The name under which an artifact is kept: from it, nobody comes back to the id that makes it usable. */
export async function artifactKey(kind: string, name: string, value: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${kind} ${name} ${value}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return hash.toBase64({ alphabet: "base64url", omitPadding: true });
}
