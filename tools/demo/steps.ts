import { type EdgeClient, signIn } from "../client/mod.ts";
import { demoRedirectUri } from "../platform/mod.ts";

/** A step did not go as it must. */
export class SurpriseError extends Error {
  override readonly name = "SurpriseError";
}

export interface Call {
  readonly method?: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly key?: string;
}

/** What an answer says: its fields, without a schema, because each step names what it expects of them. */
export type Answer = Readonly<Record<string, unknown>>;

/** Walks through the demo, printing each step with its status and time. */
export class Steps {
  readonly #edge: EdgeClient;
  readonly #issuer: string;
  readonly #print: (line: string) => void;

  constructor(edge: EdgeClient, issuer: string, print: (line: string) => void) {
    this.#edge = edge;
    this.#issuer = issuer;
    this.#print = print;
  }

  /** Makes a call that must be answered with `status`. */
  async call(name: string, status: number, call: Call): Promise<Answer> {
    const startedMs = performance.now();
    const { method = "GET", path, token, body, key } = call;
    const response = await this.#edge.fetch(path, {
      method,
      headers: {
        ...token && { authorization: `Bearer ${token}` },
        ...key && { "idempotency-key": key },
        ...body !== undefined && { "content-type": "application/json" },
      },
      ...body !== undefined && { body: JSON.stringify(body) },
    });
    const answer = await response.json();
    this.#tell(name, String(response.status), startedMs);
    if (response.status !== status) {
      throw new SurpriseError(
        `"${name}" answered ${response.status}, not ${status}: ${answer.type}`,
      );
    }
    return answer;
  }

  /** Signs a person in through the login page. @returns the access token. */
  async signIn(
    name: string,
    who: { readonly email: string; readonly password: string },
  ): Promise<string> {
    const startedMs = performance.now();
    const { access_token: token, status } = await signIn(this.#edge, {
      issuer: this.#issuer,
      ...who,
      redirectUri: demoRedirectUri,
    });
    this.#tell(name, String(status), startedMs);
    return token;
  }

  /** Checks something that an earlier answer said. */
  expect(name: string, actual: unknown, expected: unknown): void {
    const said = JSON.stringify(actual);
    if (said !== JSON.stringify(expected)) {
      throw new SurpriseError(`"${name}" is ${said}, not ${JSON.stringify(expected)}`);
    }
    this.#tell(name, said, undefined);
  }

  #tell(name: string, outcome: string, startedMs: number | undefined): void {
    const time = startedMs === undefined ? "" : `${(performance.now() - startedMs).toFixed(0)} ms`;
    this.#print(`${name.padEnd(58)} ${outcome.padEnd(18)} ${time.padStart(8)}`);
  }
}
