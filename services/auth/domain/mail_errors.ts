/** The mail server takes this message from nobody: sending it again is of no use. */
export class MailRefusedError extends Error {
  override readonly name = "MailRefusedError";
}

/** The mail server is away, or says that it is in trouble. */
export class MailTroubleError extends Error {
  override readonly name = "MailTroubleError";
}
