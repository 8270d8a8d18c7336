/** @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.2 | RFC 6455, Base Framing Protocol} */
export const opcodes = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

export type Opcode = typeof opcodes[keyof typeof opcodes];

const maskBytes = 4;
export const controlBytesMax = 125;

/** One whole frame as a client sends it: masked, so that nothing on the way takes it for HTTP. */
export function clientFrame(
  opcode: Opcode,
  payload: Uint8Array,
  mask = crypto.getRandomValues(new Uint8Array(maskBytes)),
): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + lengthBytes + maskBytes;
  const frame = new Uint8Array(start + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  frame.set(mask, 2 + lengthBytes);
  for (let at = 0; at < length; at++) frame[start + at] = payload[at]! ^ mask[at & 3]!;
  return frame;
}

/** What a close frame carries. Without a code: an empty one. */
export function closePayload(code: number | undefined, reason: string): Uint8Array {
  if (code === undefined) return new Uint8Array();
  const text = new TextEncoder().encode(reason).subarray(0, controlBytesMax - 2);
  const payload = new Uint8Array(2 + text.length);
  new DataView(payload.buffer).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}
