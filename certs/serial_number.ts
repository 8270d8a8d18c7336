const serialBytes = 16;

/** A fresh serial number of 126 random bits, positive and of full length, in hexadecimal. */
export function newSerialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(serialBytes));
  // The top bit would make the DER integer negative, and leading zeros would be cut off.
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toHex();
}
