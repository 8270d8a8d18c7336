import type { BodyFraming } from "./body_framing.ts";
import { ChunkedDecoder } from "./chunked_decoder.ts";
import type { MessageLimits } from "./message_limits.ts";

/** Finds the end of a body in what arrives. */
export interface BodyDecoder {
  readonly isOver: boolean;
  /** @returns how many of `bytes` belonged to the body. @throws {MessageError} */
  feed(bytes: Uint8Array): number;
}

/** @param onData called with each piece of the body: a view of what was fed. */
export function bodyDecoder(
  framing: BodyFraming,
  limits: MessageLimits,
  onData: (data: Uint8Array) => void,
): BodyDecoder {
  if (framing.kind === "chunked") return new ChunkedDecoder(limits, onData);
  return new LengthDecoder(framing.kind === "length" ? framing.bytes : Infinity, onData);
}

class LengthDecoder implements BodyDecoder {
  readonly #onData: (data: Uint8Array) => void;
  #remainingBytes: number;

  constructor(bytes: number, onData: (data: Uint8Array) => void) {
    this.#remainingBytes = bytes;
    this.#onData = onData;
  }

  get isOver(): boolean {
    return this.#remainingBytes === 0;
  }

  feed(bytes: Uint8Array): number {
    const data = bytes.length > this.#remainingBytes
      ? bytes.subarray(0, this.#remainingBytes)
      : bytes;
    this.#remainingBytes -= data.length;
    if (data.length > 0) this.#onData(data);
    return data.length;
  }
}
