/** A certificate's serial number as every part of the platform compares it: lower-case hexadecimal, no padding. */
export function normalSerial(serial: string): string {
  const digits = serial.toLowerCase().replace(/^0x/, "").replaceAll(":", "");
  return digits.replace(/^0+(?=.)/, "");
}
