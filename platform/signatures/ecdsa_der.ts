/**
 * An ECDSA signature as OpenSSL wants it, from `r` and `s` of equal length side by side. Minimal DER, always:
 * whatever bytes come in, two positive integers in a sequence come out.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3 | RFC 3279, Ecdsa-Sig-Value}
 */
export function ecdsaDer(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = signature.length / 2;
  const r = integerIn(signature, 0, half);
  const s = integerIn(signature, half, signature.length);
  const contentBytes = 4 + r.bytes + s.bytes;
  const headBytes = contentBytes < 128 ? 2 : 3;
  const der = new Uint8Array(headBytes + contentBytes);
  der[0] = 0x30;
  if (headBytes === 3) der[1] = 0x81;
  der[headBytes - 1] = contentBytes;
  const next = write(der, headBytes, r, signature);
  write(der, next, s, signature);
  return der;
}

interface Integer {
  readonly from: number;
  readonly to: number;
  /** With a zero in front where the first bit would read as a minus. */
  readonly bytes: number;
}

function integerIn(signature: Uint8Array, begin: number, to: number): Integer {
  let from = begin;
  while (from < to - 1 && signature[from] === 0) from++;
  return { from, to, bytes: to - from + (signature[from]! >= 0x80 ? 1 : 0) };
}

function write(der: Uint8Array, at: number, integer: Integer, signature: Uint8Array): number {
  const end = at + 2 + integer.bytes;
  der[at] = 0x02;
  der[at + 1] = integer.bytes;
  der.set(signature.subarray(integer.from, integer.to), end - (integer.to - integer.from));
  return end;
}
