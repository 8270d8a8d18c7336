/** A text that nobody guesses: `byteCount` random bytes in base64url. */
export function randomText(byteCount: number): string {
  return crypto.getRandomValues(new Uint8Array(byteCount))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}
