import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type Fields, silentLogger } from "platform/telemetry";
import { type Job, MemoryWorkStore, noonMs } from "./testing/memory_work_store.ts";
import { WorkRunner } from "./work_runner.ts";

interface Traits {
  /** What is left of each job, all of them due. */
  readonly jobs?: Readonly<Record<string, number>>;
  readonly step?: (job: Job) => Promise<Job | undefined>;
  readonly goesOn?: boolean;
  readonly waitsForOthers?: boolean;
  readonly clock?: { readonly nowMs: number };
}

/** A runner whose clock stands still unless it is moved, and that looks for due work once, when it starts. */
function aScene(
  { jobs = {}, step, goesOn = true, waitsForOthers = false, clock = { nowMs: noonMs } }: Traits,
) {
  const store = new MemoryWorkStore();
  for (const [id, left] of Object.entries(jobs)) store.jobs.set(id, { id, left, dueMs: noonMs });
  const steps: string[] = [];
  const logged: Fields[] = [];
  const runner = () =>
    new WorkRunner<string, Job>({
      name: "jobs",
      store,
      log: { ...silentLogger, failure: (_message, _thrown, fields = {}) => logged.push(fields) },
      now: () => new Date(clock.nowMs),
      step(job) {
        steps.push(job.id);
        return step ? step(job) : Promise.resolve(done(store, job));
      },
      goesOn: (before, after) => goesOn && after.left > 0 && after.left < before.left,
      isSettled: ({ left }) => left === 0,
      ...waitsForOthers && {
        isSettledElsewhere: (id) => Promise.resolve((store.jobs.get(id)?.left ?? 0) === 0),
      },
      dueAt: ({ dueMs }) => new Date(dueMs),
      everyMs: 3_600_000,
    });
  return { store, steps, logged, runner };
}

/** Commits one step of a job. */
function done(store: MemoryWorkStore, job: Job): Job {
  const after = { ...job, left: job.left - 1 };
  store.jobs.set(job.id, after);
  return after;
}

/** Lets everything happen that waits for nothing but its turn. */
function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("A runner goes on with what is due when it starts, until it is done", async () => {
  const { store, steps, runner } = aScene({ jobs: { a: 3, b: 1 } });
  await using _ = runner();
  await turns();
  deepEqual(steps.toSorted(), ["a", "a", "a", "b"]);
  deepEqual([...store.jobs.values()].map(({ left }) => left), [0, 0]);
  equal(store.leases.size, 0);
});

Deno.test("A runner leaves alone what is not due, until it is woken for it", async () => {
  const { store, steps, runner } = aScene({});
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs + 1 });
  await using r = runner();
  await turns();
  deepEqual(steps, []);
  r.wake("a");
  await turns();
  deepEqual(steps, ["a"]);
});

Deno.test("A runner settles an item in as many steps as it takes", async () => {
  const { store, steps, runner } = aScene({});
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 3, dueMs: noonMs });
  await r.settle("a", 2_000);
  deepEqual(steps, ["a", "a", "a"]);
});

Deno.test("A runner that is to wait between steps takes the next when the item is due", async () => {
  const { store, steps, runner } = aScene({ goesOn: false });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 3, dueMs: noonMs + 1 });
  await r.settle("a", 0);
  deepEqual(steps, ["a"]);
  await r.settle("a", 2_000);
  deepEqual(steps, ["a", "a", "a"]);
  equal(store.jobs.get("a")?.left, 0);
});

Deno.test("A runner waits for an item no longer than it is told to, and goes on behind", async () => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const { store, runner } = aScene({
    step: async (job) => {
      await mayGoOn;
      return done(store, job);
    },
  });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 2, dueMs: noonMs });
  await r.settle("a", 1);
  equal(store.jobs.get("a")?.left, 2);
  goOn();
  await turns();
  equal(store.jobs.get("a")?.left, 0);
});

Deno.test("A runner does each step once, though many wait for it, and all see its end", async () => {
  const { store, steps, runner } = aScene({
    step: async (job) => {
      await turns();
      return done(store, job);
    },
  });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 2, dueMs: noonMs });
  r.wake("a");
  const left = await Promise.all(Array.from({ length: 10 }, async () => {
    await r.settle("a", 2_000);
    return store.jobs.get("a")?.left;
  }));
  deepEqual(left, Array(10).fill(0));
  deepEqual(steps, ["a", "a"]);
});

Deno.test("Who waits for an item that another runner is at sees its end, too", async () => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const { store, runner } = aScene({
    waitsForOthers: true,
    step: async (job) => {
      await mayGoOn;
      return done(store, job);
    },
  });
  await using one = runner();
  await using other = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
  one.wake("a");
  await turns();
  let isOver = false;
  const waiting = other.settle("a", 5_000).then(() => isOver = true);
  await turns();
  equal(isOver, false);
  goOn();
  await waiting;
  equal(store.jobs.get("a")?.left, 0);
});

Deno.test("Two runners on one store do each step once", async () => {
  const { store, steps, runner } = aScene({});
  await using one = runner();
  await using other = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 5, dueMs: noonMs });
  await Promise.all([one.settle("a", 2_000), other.settle("a", 2_000)]);
  equal(steps.length, 5);
});

Deno.test("A runner that cannot look elsewhere does not wait for what somebody else holds, or for what is not there", async () => {
  const { store, steps, runner } = aScene({});
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
  await store.claim("a", new Date(noonMs), 30_000);
  const before = performance.now();
  await r.settle("a", 60_000);
  await r.settle("nothing", 60_000);
  ok(performance.now() - before < 30_000);
  deepEqual(steps, []);
  ok(store.leases.has("a"), "it is still the other one's");
});

Deno.test("A runner is done with an item that has gone", async () => {
  const { store, steps, runner } = aScene({ step: () => Promise.resolve(undefined) });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
  await r.settle("a", 500);
  deepEqual(steps, ["a"]);
  equal(store.leases.size, 0);
});

Deno.test("A step that fails lets go of its item, and tells who waits for it", async () => {
  let isBroken = true;
  const { store, logged, runner } = aScene({
    step: (job) =>
      isBroken ? Promise.reject(new TypeError("a bug")) : Promise.resolve(done(store, job)),
  });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
  await rejects(r.settle("a", 2_000), TypeError);
  equal(store.leases.size, 0);
  deepEqual(logged, [], "who waits answers for it");
  isBroken = false;
  await r.settle("a", 2_000);
  equal(store.jobs.get("a")?.left, 0);
});

Deno.test("A step that fails behind everybody's back is logged, and keeps no other waiting", async () => {
  const { store, logged, runner } = aScene({
    jobs: { broken: 1, sound: 1 },
    step: (job) =>
      job.id === "broken"
        ? Promise.reject(new TypeError("a bug"))
        : Promise.resolve(done(store, job)),
  });
  await using r = runner();
  await turns();
  equal(store.jobs.get("sound")?.left, 0);
  deepEqual(logged, [{ "task.name": "jobs", "task.id": "broken" }]);
  r.wake("broken");
  await turns();
  equal(logged.length, 2);
});

Deno.test("A step that fails again and again is tried ever more seldom, up to once a minute", async () => {
  let isBroken = true;
  const { store, runner } = aScene({
    step: (job) =>
      isBroken ? Promise.reject(new TypeError("a bug")) : Promise.resolve(done(store, job)),
  });
  await using r = runner();
  await turns();
  const failsAgain = async () => {
    store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
    await rejects(r.settle("a", 2_000), TypeError);
    return store.jobs.get("a")!.dueMs - noonMs;
  };
  const retriesMs: number[] = [];
  for (let failure = 0; failure < 10; failure++) retriesMs.push(await failsAgain());
  deepEqual(retriesMs.slice(0, 4), [250, 500, 1_000, 2_000]);
  deepEqual(retriesMs.slice(-2), [60_000, 60_000]);
  isBroken = false;
  await r.settle("a", 2_000);
  isBroken = true;
  equal(await failsAgain(), 250, "what went well has been forgiven");
});

Deno.test("Items that always fail leave the others their turn", async () => {
  const broken = Array.from({ length: 20 }, (_, index) => [`broken${index}`, 1]);
  const { store, runner } = aScene({
    jobs: { ...Object.fromEntries(broken), sound: 1 },
    step: (job) =>
      job.id === "sound"
        ? Promise.resolve(done(store, job))
        : Promise.reject(new TypeError("a bug")),
  });
  for (let look = 0; look < 2; look++) {
    await using _ = runner();
    await turns();
  }
  equal(store.jobs.get("sound")?.left, 0);
});

Deno.test("A failure is told as it was, though it cannot be postponed either", async () => {
  const { store, logged, runner } = aScene({ step: () => Promise.reject(new TypeError("a bug")) });
  store.postpone = () => Promise.reject(new RangeError("the store is out of reach"));
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
  await rejects(r.settle("a", 2_000), TypeError);
  deepEqual(logged, [{ "task.name": "jobs", "task.id": "a" }]);
});

Deno.test("A runner begins no step that its lease may not last for", async () => {
  const clock = { nowMs: noonMs };
  const { store, steps, runner } = aScene({
    clock,
    step: (job) => {
      clock.nowMs += 5_001;
      return Promise.resolve(done(store, job));
    },
  });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 3, dueMs: noonMs });
  r.wake("a");
  await turns();
  deepEqual(steps, ["a"]);
  equal(store.leases.size, 0);
});

Deno.test("A runner takes no more than twenty items at a time", async () => {
  const jobs = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`j${index}`, 1]));
  const { steps, runner } = aScene({ jobs });
  await using _ = runner();
  await turns();
  equal(steps.length, 20);
});

Deno.test("A runner that is disposed of ends the step under way, and begins no other", async () => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const { store, steps, runner } = aScene({
    jobs: { a: 3 },
    step: async (job) => {
      await mayGoOn;
      return done(store, job);
    },
  });
  const r = runner();
  await turns();
  let isDisposed = false;
  const disposing = r[Symbol.asyncDispose]().then(() => isDisposed = true);
  await turns();
  equal(isDisposed, false);
  goOn();
  await disposing;
  deepEqual(steps, ["a"]);
  equal(store.jobs.get("a")?.left, 2);
  equal(store.leases.size, 0);
});

Deno.test("A runner that was disposed of keeps nobody waiting, and takes no step", async () => {
  const { store, steps, runner } = aScene({});
  const r = runner();
  await turns();
  await r[Symbol.asyncDispose]();
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
  await r.settle("a", 500);
  deepEqual(steps, []);
  ok(store.claims <= 1);
  equal(store.leases.size, 0);
});

Deno.test("A runner comes back by itself to an item when it is due, and to one that failed", async () => {
  // Fast enough that whatever is due in a moment is due when the runner looks.
  const clock = {
    get nowMs(): number {
      return noonMs + 20 * performance.now();
    },
  };
  const ended = Promise.withResolvers<void>();
  const { store, steps, runner } = aScene({
    clock,
    goesOn: false,
    step(job) {
      if (steps.length === 1) return Promise.reject(new Error("lost the database"));
      const after = { ...done(store, job), dueMs: clock.nowMs + 1 };
      store.jobs.set(job.id, after);
      if (after.left === 0) ended.resolve();
      return Promise.resolve(after);
    },
  });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 2, dueMs: noonMs });
  r.wake("a");
  await ended.promise;
  deepEqual(steps, ["a", "a", "a"]);
});

Deno.test("Whoever waits for an item may be told to wait no more, and the step goes on without them", async () => {
  const going = Promise.withResolvers<Job>();
  const { store, runner } = aScene({ step: () => going.promise });
  await using r = runner();
  await turns();
  store.jobs.set("a", { id: "a", left: 1, dueMs: noonMs });
  const waiting = new AbortController();
  const settling = r.settle("a", 3_600_000, waiting.signal);
  await turns();
  waiting.abort();
  await settling;
  equal(store.leases.size, 1);
  going.resolve(done(store, store.jobs.get("a")!));
});
