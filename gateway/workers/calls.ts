import { dataOf, type ThrownData, thrownOf } from "./thrown.ts";

/** What one thread can ask of another: by name, with one argument. Both ways plain data. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

type ArgumentOf<Handler> = Handler extends (argument: infer Argument) => unknown ? Argument : never;
type ResultOf<Handler> = Handler extends (argument: never) => infer Result ? Awaited<Result>
  : never;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly thrown: ThrownData };

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (thrown: unknown) => void;
  readonly deadline: ReturnType<typeof setTimeout>;
}

/** Asks whoever answers at the other end of a port. */
export class Caller<Of extends Handlers> implements Disposable {
  readonly #port: MessagePort;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #ended: Error | undefined;

  /** @param name of the other end, for messages. */
  constructor(port: MessagePort, name: string) {
    this.#port = port;
    this.#name = name;
    port.onmessage = ({ data }: MessageEvent<Answer>) => this.#take(data);
  }

  /** @throws what the handler throws, or that it did not answer in time, or that its thread has ended. */
  call<Name extends keyof Of & string>(
    name: Name,
    argument: ArgumentOf<Of[Name]>,
    timeoutMs: number,
  ): Promise<ResultOf<Of[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const id = this.#nextId++;
      this.#port.postMessage({ id, name, argument } satisfies Call);
      const deadline = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`Cannot ask ${this.#name}: no answer to "${name}" in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject, deadline });
    });
  }

  /** Nobody answers any more, because of this. */
  end(reason: Error): void {
    this.#ended ??= reason;
    this.#port.close();
    for (const { reject, deadline } of this.#waiting.values()) {
      clearTimeout(deadline);
      reject(reason);
    }
    this.#waiting.clear();
  }

  [Symbol.dispose](): void {
    this.end(new Error(`Cannot ask ${this.#name}: it has ended`));
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    // It came too late.
    if (!waiting) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.deadline);
    if ("thrown" in answer) waiting.reject(thrownOf(answer.thrown));
    else waiting.resolve(answer.result);
  }
}

/** Answers what is asked at the other end of `port`, in the order in which it comes where that takes no time. */
export function answerCalls(port: MessagePort, handlers: Handlers): void {
  port.onmessage = async ({ data: { id, name, argument } }: MessageEvent<Call>) => {
    const answer = (answered: Answer) => port.postMessage(answered);
    try {
      answer({ id, result: await handlers[name]!(argument as never) });
    } catch (thrown) {
      answer({ id, thrown: dataOf(thrown) });
    }
  };
}
