import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Child } from "./child.ts";
import type { Program } from "./programs.ts";
import { Supervisor } from "./supervisor.ts";

const program: Program = {
  name: "psp",
  program: "psp",
  entry: "psp.ts",
  net: [],
  flags: [],
  env: {},
};

/** Children that are always ready and end when they are told to, instead of processes. */
function children() {
  const started: Child[] = [];
  const running = new Set<number>();
  const start = (): Child => {
    const pid = started.length + 1;
    const { promise: ended, resolve } = Promise.withResolvers<Deno.CommandStatus>();
    const child: Child = {
      pid,
      ready: Promise.resolve(),
      ended,
      kill(signal) {
        running.delete(pid);
        const success = signal === "SIGTERM";
        resolve({ success, code: success ? 0 : 137, signal: success ? null : signal });
      },
    };
    started.push(child);
    running.add(pid);
    return child;
  };
  return { start, running, started };
}

function scene() {
  const reports: string[] = [];
  const { promise: pausing, resolve: pause } = Promise.withResolvers<void>();
  const { promise: paused, resolve: endPause } = Promise.withResolvers<void>();
  const { start, running, started } = children();
  const options = {
    programs: [program],
    onLine: () => {},
    report: (message: string) => void reports.push(message),
    startChild: start,
    pause() {
      pause();
      return paused;
    },
  };
  return { options, reports, running, started, pausing, endPause };
}

Deno.test("Supervisor starts a program again that ended unasked, and says so", async () => {
  const { options, reports, running, pausing, endPause } = scene();
  const supervisor = await Supervisor.start(options);
  supervisor.kill("psp");
  await pausing;
  equal(running.size, 0);
  endPause();
  await supervisor.restarted("psp", 1);
  equal(supervisor.pid("psp"), 2);
  equal(reports.length, 1);
  equal(await supervisor.stop(), true);
  equal(running.size, 0);
});

Deno.test("Supervisor runs a program once that is restarted while it waits to be started again", async () => {
  const { options, running, started, pausing, endPause } = scene();
  const supervisor = await Supervisor.start(options);
  supervisor.kill("psp");
  await pausing;
  await supervisor.restart("psp");
  endPause();
  await supervisor.ready("psp");
  equal(started.length, 2);
  await supervisor.stop();
  equal(running.size, 0);
});

Deno.test("Supervisor starts nothing again once it is stopping", async () => {
  const { options, started, pausing, endPause } = scene();
  const supervisor = await Supervisor.start(options);
  supervisor.kill("psp");
  await pausing;
  await supervisor.stop();
  endPause();
  await Promise.resolve();
  equal(started.length, 1);
});

Deno.test("Supervisor starts nothing that it was restarting when it was told to stop", async () => {
  const { options, running, started } = scene();
  const supervisor = await Supervisor.start(options);
  const restarting = supervisor.restart("psp");
  const stopped = supervisor.stop();
  await restarting;
  await stopped;
  equal(started.length, 1);
  equal(running.size, 0);
});

Deno.test("Supervisor gives up a start that takes for ever when it is told to", async () => {
  const { options, running } = scene();
  const never = (): Child => ({ ...options.startChild(), ready: new Promise<void>(() => {}) });
  const stopping = new AbortController();
  const starting = Supervisor.start({ ...options, startChild: never, signal: stopping.signal });
  stopping.abort(new Error("enough"));
  await rejects(starting, /enough/);
  equal(running.size, 0);
});

Deno.test("Supervisor ends a program the hard way that does not stop in time, and says that it failed", async () => {
  const { options, running } = scene();
  const signals: Deno.Signal[] = [];
  const deaf = (): Child => {
    const child = options.startChild();
    return {
      ...child,
      kill(signal) {
        signals.push(signal);
        if (signal === "SIGKILL") child.kill(signal);
      },
    };
  };
  const supervisor = await Supervisor.start({ ...options, startChild: deaf, killAfterMs: 10 });
  equal(await supervisor.stop(), false);
  deepEqual(signals, ["SIGTERM", "SIGKILL"]);
  equal(running.size, 0);
});
