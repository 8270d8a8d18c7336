/** Keeps the cookies of one origin, as a browser would: by name, until they are deleted or expire. */
export class CookieJar {
  readonly #cookies = new Map<string, { readonly value: string; readonly path: string }>();

  /** Takes in what a response sets. */
  take(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const equals = pair.indexOf("=");
      const name = pair.slice(0, equals);
      const value = pair.slice(equals + 1);
      if (isExpired(attributes) || value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path: attributeOf(attributes, "path") ?? "/" });
    }
  }

  /** The `Cookie` header for a request to `path`. */
  header(path: string): string {
    return [...this.#cookies]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join("; ");
  }
}

function attributeOf(attributes: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  return attributes.find((attribute) => attribute.toLowerCase().startsWith(prefix))
    ?.slice(prefix.length);
}

function isExpired(attributes: readonly string[]): boolean {
  const expires = attributeOf(attributes, "expires");
  return attributeOf(attributes, "max-age") === "0" ||
    (expires !== undefined && Date.parse(expires) <= Date.now());
}
