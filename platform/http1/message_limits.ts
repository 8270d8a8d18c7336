/** What bounds the head of a message, and the frame of its body. */
export interface MessageLimits {
  /** Of the request line or status line, its end not counted. */
  readonly startLineBytesMax: number;
  /** Of the start line and all fields together. */
  readonly headBytesMax: number;
  readonly fieldsMax: number;
  /** Of one chunk's size and extensions. */
  readonly chunkLineBytesMax: number;
  /** Of all fields behind the last chunk. */
  readonly trailerBytesMax: number;
}

export const messageLimits: MessageLimits = {
  // Above what the gateway takes for a target, so that it is the one to say so.
  startLineBytesMax: 16_384,
  headBytesMax: 32_768,
  fieldsMax: 100,
  chunkLineBytesMax: 256,
  trailerBytesMax: 8_192,
};
