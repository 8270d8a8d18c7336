/** A server that may be asked. */
export interface Candidate {
  /** `https://host:port` */
  readonly origin: string;
  /** Its share of the requests, beside that of others; over 0. */
  readonly weight: number;
}

/** How a request to a server went. */
export interface Outcome {
  /** Until its answer began, or failed to. */
  readonly tookMs: number;
  /** There was no answer at all. */
  readonly isFailure: boolean;
}

/** Decides which server is asked next. What it has learnt of one stays until it is told to forget it. */
export interface Picker {
  /**
   * @param candidates at least one.
   * @param key what requests have in common that shall meet the same server; undefined when there is nothing.
   */
  pick(candidates: readonly Candidate[], key?: string): Candidate;
  /** A request went to the server. */
  began(origin: string): void;
  /** The answer is over, its body included, or there was none. Called once for each `began`. */
  ended(origin: string, outcome: Outcome): void;
  /** The server will not be asked again. */
  forget(origin: string): void;
}
