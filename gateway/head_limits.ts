export interface HeadLimits {
  /** Path and query together. */
  readonly targetBytesMax: number;
  /** Names; how often each may come is for `headerBytesMax` to bound. */
  readonly headersMax: number;
  /** Names and values together. */
  readonly headerBytesMax: number;
}

/**
 * How much a request may say before its body: what nginx lets through in a line, and what the runtime lets
 * through in HTTP/2. It ends HTTP/1.1 itself, with a bare 400, where a head has 64 KiB.
 */
export const headLimits: HeadLimits = {
  targetBytesMax: 8_192,
  headersMax: 100,
  headerBytesMax: 16_384,
};
