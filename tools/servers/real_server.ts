import { TextLineStream } from "../platform/text_lines.ts";

/** How a server is run. */
export interface ServerRecipe {
  readonly name: ServerName;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A line by which it says that it answers. Without one, it does when its port is open. */
  readonly readyLine?: RegExp;
  /** Where it is reached. */
  readonly port: number;
  /** Where the server itself listens, when something stands before it that `openFront` opens. */
  readonly innerPort?: number;
  readonly openFront?: () => Promise<AsyncDisposable>;
  /** How long it may take until it answers. */
  readonly readyTimeoutMs?: number;
}

export type ServerName =
  | "postgres"
  | "redis"
  | "mongodb"
  | "dynamodb"
  | "consul"
  | "prometheus"
  | "keycloak"
  | "chromium";

const defaultReadyTimeoutMs = 30_000;
const probeEveryMs = 20;
/** What a server said last is told when it does not start. */
const linesKept = 40;

/**
 * A real server under the hands of a test: it can be killed, paused and started again on the same
 * port and data. It ends with the process that started it, however that ends.
 */
export class RealServer implements AsyncDisposable {
  readonly #recipe: ServerRecipe;
  readonly #lines: string[] = [];
  #run: Run | undefined;
  #front: AsyncDisposable | undefined;

  private constructor(recipe: ServerRecipe) {
    this.#recipe = recipe;
  }

  /** @returns when the server answers. @throws with its last lines when it does not. */
  static async start(recipe: ServerRecipe): Promise<RealServer> {
    const server = new RealServer(recipe);
    await server.start();
    return server;
  }

  get name(): ServerName {
    return this.#recipe.name;
  }

  /** Where it is reached. */
  get port(): number {
    return this.#recipe.port;
  }

  /** Starts the server again, on the same port and data. @returns when it answers. */
  async start(): Promise<void> {
    if (this.#run) throw new Error(`Cannot start ${this.name}: it is running`);
    const run = spawn(this.#recipe, (line) => this.#keep(line));
    this.#run = run;
    try {
      await Promise.race([this.#answers(run), ended(run, this.name)]);
      this.#front = await this.#recipe.openFront?.();
    } catch (cause) {
      await this.kill();
      throw new Error(`${(cause as Error).message}\n${this.#lines.join("\n")}`, { cause });
    }
  }

  /** Ends it as a crash would. @returns when its processes are gone. */
  async kill(): Promise<void> {
    const [run, front] = [this.#run, this.#front];
    this.#run = this.#front = undefined;
    await front?.[Symbol.asyncDispose]();
    await run?.stop();
  }

  /** Stops its processes where they are: connections stay open, and nothing answers. */
  async pause(): Promise<void> {
    await this.#run?.signal("STOP");
  }

  async resume(): Promise<void> {
    await this.#run?.signal("CONT");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #answers(run: Run): Promise<void> {
    const {
      readyLine,
      name,
      port,
      innerPort = port,
      readyTimeoutMs = defaultReadyTimeoutMs,
    } = this.#recipe;
    const untilMs = performance.now() + readyTimeoutMs;
    const isReady = () =>
      readyLine ? run.lines.some((line) => readyLine.test(line)) : isOpen(innerPort);
    while (!await isReady()) {
      if (performance.now() > untilMs) {
        throw new Error(`Cannot start ${name}: it did not answer in ${readyTimeoutMs} ms`);
      }
      await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
    }
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > linesKept) this.#lines.shift();
  }
}

/** One process of a server. */
interface Run {
  readonly lines: readonly string[];
  readonly ended: Promise<Deno.CommandStatus>;
  signal(name: "STOP" | "CONT"): Promise<void>;
  stop(): Promise<void>;
}

const keeper = new URL("keep.sh", import.meta.url).pathname;

function spawn({ command, env = {} }: ServerRecipe, onLine: (line: string) => void): Run {
  const process = new Deno.Command("/bin/sh", {
    args: [keeper, ...command],
    env,
    // Ctrl-C is for us: whoever uses the server stops first. It ends when its input does, however we end.
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = process.stdin.getWriter();
  const lines: string[] = [];
  let acknowledge: (line: string) => unknown = () => {};
  const told = Promise.all([process.stdout, process.stderr].map(async (stream) => {
    for await (const line of stream.pipeThrough(new TextLineStream())) {
      // Only the beginning is looked at, for the line that says that it answers.
      if (lines.length < 1_000) lines.push(line);
      acknowledge(line);
      onLine(line);
    }
  }));
  const ended = told.then(() => process.status);
  return {
    lines,
    ended,
    async signal(name) {
      const done = new Promise<void>((resolve) => {
        acknowledge = (line) => line === `signalled ${name}` && resolve();
      });
      await input.write(new TextEncoder().encode(`${name}\n`));
      await done;
    },
    async stop() {
      await input.close().catch(() => {/* It has ended by itself. */});
      await ended;
    },
  };
}

async function ended(run: Run, name: string): Promise<never> {
  const { code } = await run.ended;
  throw new Error(`Cannot start ${name}: it ended with ${code}`);
}

async function isOpen(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.ConnectionRefused) return false;
    throw thrown;
  }
}
