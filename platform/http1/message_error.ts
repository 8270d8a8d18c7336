/** What is wrong with a message: each kind is answered, or taken, in its own way. */
export type MessageFault =
  | "malformed"
  | "startLineTooLong"
  | "fieldsTooLarge"
  | "unknownTransferCoding"
  | "unknownExpectation"
  | "unknownVersion";

/** A message of HTTP/1.1 cannot be read in one way only, or is larger than messages may be. */
export class MessageError extends Error {
  override readonly name = "MessageError";

  constructor(readonly fault: MessageFault, reason: string) {
    super(`Cannot read message: ${reason}`);
  }
}

export function malformed(reason: string): MessageError {
  return new MessageError("malformed", reason);
}
