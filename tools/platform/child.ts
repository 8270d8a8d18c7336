import { supervisedFlag } from "platform/lifecycle";
import { runtimeEnv } from "./runtime_env.ts";
import { TextLineStream } from "./text_lines.ts";
import type { Program } from "./programs.ts";

/** A program under way. */
export interface Child {
  readonly pid: number;
  /** Resolves when the program says that it is ready; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** How it ended. */
  readonly ended: Promise<Deno.CommandStatus>;
  kill(signal: Deno.Signal): void;
}

const readyMessage = "Program ready";

/**
 * Starts a program with its own rights and variables. It gets a process group of its own, so that a
 * Ctrl-C at the terminal reaches the supervisor alone, which stops the programs in order.
 */
export function startChild(
  { name, program, entry, flags, env }: Program,
  onLine: (line: string) => void,
): Child {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `-P=${program}`,
      ...flags,
      checkout(entry),
      supervisedFlag,
    ],
    clearEnv: true,
    env: { ...runtimeEnv(), ...env },
    // Never written to: it ends with us, however we end, and the program with it.
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  });
  const process = command.spawn();
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  // A program that fails to start is reported by `ended` too: nobody has to look at both.
  ready.catch(() => {});

  const told = Promise.all([process.stdout, process.stderr].map(async (stream) => {
    for await (const line of stream.pipeThrough(new TextLineStream())) {
      if (line.includes(`"message":"${readyMessage}"`)) resolve();
      onLine(line);
    }
  }));
  const ended = told.then(() => process.status);
  ended.then(({ code, signal }) => reject(new Error(`${name} ended: ${signal ?? `exit ${code}`}`)));

  return {
    pid: process.pid,
    ready,
    ended,
    kill(signal) {
      try {
        process.kill(signal);
      } catch (thrown) {
        // It has ended meanwhile: `ended` tells.
        if (!(thrown instanceof TypeError) && !(thrown instanceof Deno.errors.NotFound)) {
          throw thrown;
        }
      }
    },
  };
}

function checkout(path: string): string {
  return new URL(`../../${path}`, import.meta.url).pathname;
}
