/** There was no connection to the server, or it broke before the response began. */
export class ConnectionError extends TypeError {
  override readonly name = "ConnectionError";

  /**
   * @param isUnsent whether no byte of the request has left: nobody was there, or not who it must be.
   *   A body that is a stream may have been read from all the same.
   */
  constructor(message: string, readonly isUnsent: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}
