import { ConnectionError } from "platform/tls";

/** Nobody has told where the program is. */
export class NoInstanceError extends ConnectionError {
  constructor(readonly program: string) {
    super(`Cannot call "${program}": no instance of it is known`, true);
  }
}
