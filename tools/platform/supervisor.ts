import { pause } from "platform/lifecycle";
import { type Child, startChild } from "./child.ts";
import type { InstanceName, Program } from "./programs.ts";

const restartMsMin = 250;
const defaultRestartMsMax = 10_000;
/** A program that ran this long had a good start: its next crash is its first again. */
const steadyMs = 30_000;
const defaultKillAfterMs = 15_000;

export interface SupervisorOptions {
  /** In the order in which they are needed. */
  readonly programs: readonly Program[];
  /** Called with each line that a program prints. */
  readonly onLine: (program: InstanceName, line: string) => void;
  /** Called when a program has ended that nobody has stopped. */
  readonly onUnexpectedEnd?: (program: InstanceName) => void;
  /** Called with what the supervisor itself has to say. */
  readonly report: (message: string) => void;
  /** Gives up the start, or stops what was started, when it is aborted. */
  readonly signal?: AbortSignal;
  /** The longest pause before a crashed program is started again. */
  readonly restartMsMax?: number;
  /** How long a program that is told to stop may take before it is ended the hard way. */
  readonly killAfterMs?: number;
  /** How a program is started, and how time passes before it is started again: other ways are for tests. */
  readonly startChild?: typeof startChild;
  readonly pause?: typeof pause;
}

interface Supervised {
  program: Program;
  child: Child;
  startedMs: number;
  crashes: number;
  restarting: boolean;
}

/** Runs programs, starts those again that crash, and stops all of them in order. */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #running = new Map<InstanceName, Supervised>();
  readonly #stopping = new AbortController();
  readonly #exitCodes = new Map<InstanceName, number>();
  /** Who waits for a program's next process. */
  readonly #waiting = new Map<InstanceName, (() => void)[]>();

  private constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** @returns when every program is ready. @throws when one cannot start; the others are stopped then. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options);
    for (const program of options.programs) supervisor.#start(program);
    try {
      await Promise.race([supervisor.#allReady(), aborted(options.signal)]);
    } catch (thrown) {
      await supervisor.stop();
      throw thrown;
    }
    for (const supervised of supervisor.#running.values()) supervisor.#watch(supervised);
    return supervisor;
  }

  /** Starts one more program. @returns when it is ready. */
  async add(program: Program): Promise<void> {
    this.#start(program);
    this.#watch(this.#get(program.name));
    await this.ready(program.name);
  }

  pid(name: InstanceName): number {
    return this.#get(name).child.pid;
  }

  /** Ends a program the hard way. It is started again like after any crash. */
  kill(name: InstanceName): void {
    this.#get(name).child.kill("SIGKILL");
  }

  /** Resolves when the program that runs now, or the next one in its place, is ready. */
  async ready(name: InstanceName): Promise<void> {
    for (;;) {
      const { child } = this.#get(name);
      try {
        return await child.ready;
      } catch {
        // It ended before it was ready: wait for the one that follows.
        await this.#replaced(name, child);
      }
    }
  }

  /** Resolves when `name` is another process than `pid`, and ready. */
  async restarted(name: InstanceName, pid: number): Promise<void> {
    const { child } = this.#get(name);
    if (child.pid === pid) await this.#replaced(name, child);
    await this.ready(name);
  }

  /** Stops a program in an orderly way and starts it anew, with more variables if `env` has some. */
  async restart(name: InstanceName, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const supervised = this.#get(name);
    supervised.restarting = true;
    await this.#stopChild(supervised.child);
    // Told to stop meanwhile: nothing is started any more.
    if (this.#stopping.signal.aborted) return;
    const { program } = supervised;
    supervised.program = { ...program, env: { ...program.env, ...env } };
    this.#begin(supervised);
    supervised.restarting = false;
    this.#watch(supervised);
    await supervised.child.ready;
  }

  /** Stops every program, those first that call others. @returns whether all of them ended with 0. */
  async stop(): Promise<boolean> {
    this.#stopping.abort();
    for (const name of [...this.#running.keys()].toReversed()) {
      const { code } = await this.#stopChild(this.#get(name).child);
      this.#exitCodes.set(name, code);
    }
    return [...this.#exitCodes.values()].every((code) => code === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopping.signal.aborted) await this.stop();
  }

  async #allReady(): Promise<void> {
    await Promise.all([...this.#running.values()].map(async ({ program, child }) => {
      child.ready.catch(() => this.#options.onUnexpectedEnd?.(program.name));
      await child.ready;
    }));
  }

  #start(program: Program): void {
    const supervised = { program, crashes: 0, restarting: false, startedMs: 0 } as Supervised;
    this.#begin(supervised);
    this.#running.set(program.name, supervised);
  }

  #begin(supervised: Supervised): void {
    const { program } = supervised;
    supervised.startedMs = performance.now();
    const start = this.#options.startChild ?? startChild;
    supervised.child = start(program, (line) => this.#options.onLine(program.name, line));
    this.#wakeWaiting(program.name);
  }

  #replaced(name: InstanceName, child: Child): Promise<void> {
    if (this.#get(name).child !== child) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(name, [...this.#waiting.get(name) ?? [], resolve]);
    return promise;
  }

  #wakeWaiting(name: InstanceName): void {
    for (const resolve of this.#waiting.get(name) ?? []) resolve();
    this.#waiting.delete(name);
  }

  /** Starts the program again each time that it ends unasked, after a pause that doubles. */
  async #watch(supervised: Supervised): Promise<void> {
    const { child, program: { name } } = supervised;
    const { code, signal } = await child.ended;
    if (this.#isReplaced(supervised, child)) return;
    if (performance.now() - supervised.startedMs > steadyMs) supervised.crashes = 0;
    const { report, onUnexpectedEnd, restartMsMax = defaultRestartMsMax } = this.#options;
    onUnexpectedEnd?.(name);
    const pauseMs = Math.min(restartMsMax, restartMsMin * 2 ** supervised.crashes++);
    report(
      `${name} ended (${signal ?? `exit ${code}`}), starting it again in ${pauseMs} ms`,
    );
    await (this.#options.pause ?? pause)(pauseMs, this.#stopping.signal);
    if (this.#isReplaced(supervised, child)) return;
    this.#begin(supervised);
    this.#watch(supervised);
  }

  /** Whether somebody else has started, or is about to start, another process in the place of `child`. */
  #isReplaced(supervised: Supervised, child: Child): boolean {
    return this.#stopping.signal.aborted || supervised.restarting || supervised.child !== child;
  }

  async #stopChild(child: Child): Promise<Deno.CommandStatus> {
    const { killAfterMs = defaultKillAfterMs } = this.#options;
    child.kill("SIGTERM");
    const cutOff = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    try {
      return await child.ended;
    } finally {
      clearTimeout(cutOff);
    }
  }

  #get(name: InstanceName): Supervised {
    const supervised = this.#running.get(name);
    if (!supervised) throw new Error(`Cannot find program: "${name}" was not started`);
    return supervised;
  }
}

/** Rejects when `signal` is aborted, and else never settles. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
