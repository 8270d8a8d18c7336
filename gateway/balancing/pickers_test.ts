import { deepEqual, equal, ok } from "node:assert/strict";
import { FakeClock } from "../testing/fake_clock.ts";
import { ConsistentHashing } from "./consistent_hashing.ts";
import { LeastConnections } from "./least_connections.ts";
import { PeakEwma } from "./peak_ewma.ts";
import type { Candidate, Picker } from "./picker.ts";
import { RoundRobin } from "./round_robin.ts";

const answered = { tookMs: 10, isFailure: false };

/** Servers by the weights that they have. */
function servers(weights: Readonly<Record<string, number>>): Candidate[] {
  return Object.entries(weights).map(([origin, weight]) => ({ origin, weight }));
}

function picks(picker: Picker, among: readonly Candidate[], count: number): string[] {
  return Array.from({ length: count }, () => picker.pick(among).origin);
}

function countOf(origins: readonly string[], origin: string): number {
  return origins.filter((picked) => picked === origin).length;
}

Deno.test("RoundRobin gives each server its share by weight, and none its turns in a row", () => {
  const picked = picks(new RoundRobin(), servers({ a: 5, b: 1, c: 1 }), 7);
  deepEqual(picked, ["a", "a", "b", "a", "c", "a", "a"]);
});

Deno.test("RoundRobin takes up a server that comes, and passes over one that is away for a while", () => {
  const picker = new RoundRobin();
  picks(picker, servers({ a: 1, b: 1 }), 4);
  const withThird = picks(picker, servers({ a: 1, b: 1, c: 1 }), 300);
  equal(countOf(withThird, "c"), 100);
  equal(countOf(picks(picker, servers({ a: 1, b: 1 }), 100), "a"), 50);
});

Deno.test("LeastConnections asks whoever has the fewest requests under way for its weight", () => {
  const picker = new LeastConnections();
  const among = servers({ big: 3, small: 1 });
  for (let begun = 0; begun < 8; begun++) picker.began(picker.pick(among).origin);
  picker.ended("small");
  picker.ended("small");
  equal(picker.pick(among).origin, "small");
  picker.began("small");
  picker.began("small");
  for (let done = 0; done < 4; done++) picker.ended("big");
  equal(picker.pick(among).origin, "big");
});

Deno.test("LeastConnections lets idle servers take turns", () => {
  const picked = picks(new LeastConnections(), servers({ a: 1, b: 1 }), 10);
  equal(countOf(picked, "a"), 5);
});

Deno.test("ConsistentHashing sends a key to the same server every time, and keys without end by weight", () => {
  const picker = new ConsistentHashing();
  const among = servers({ a: 100, b: 100, c: 200 });
  const picked = keys.map((key) => picker.pick(among, key).origin);
  deepEqual(keys.map((key) => new ConsistentHashing().pick(among, key).origin), picked);
  near(countOf(picked, "a") / keys.length, 0.25);
  near(countOf(picked, "c") / keys.length, 0.5);
});

Deno.test("ConsistentHashing moves the keys of a server that goes and no others; a new one takes its share", () => {
  const picker = new ConsistentHashing();
  const four = servers({ a: 1, b: 1, c: 1, d: 1 });
  const before = keys.map((key) => picker.pick(four, key).origin);
  const without = four.filter(({ origin }) => origin !== "b");
  const after = keys.map((key) => picker.pick(without, key).origin);
  const moved = keys.filter((_, at) => before[at] !== after[at]);
  equal(moved.length, countOf(before, "b"));
  near(moved.length / keys.length, 0.25);
  // To all that are left, not to one neighbour.
  const heirs = after.filter((_, at) => before[at] === "b");
  for (const origin of ["a", "c", "d"]) near(countOf(heirs, origin) / heirs.length, 1 / 3);

  const five = [...four, { origin: "e", weight: 1 }];
  const grown = keys.map((key) => picker.pick(five, key).origin);
  const changed = grown.filter((origin, at) => origin !== before[at]);
  deepEqual([...new Set(changed)], ["e"]);
  near(changed.length / keys.length, 0.2);
});

Deno.test("ConsistentHashing lets requests without a key take turns", () => {
  const picked = picks(new ConsistentHashing(), servers({ a: 1, b: 1 }), 10);
  equal(countOf(picked, "a"), 5);
});

Deno.test("PeakEwma prefers the server that answers sooner, until the slow one is forgiven", async () => {
  const clock = new FakeClock();
  const picker = new PeakEwma(clock);
  const among = servers({ slow: 1, fast: 1 });
  visit(picker, "slow", 500);
  visit(picker, "fast", 20);
  equal(countOf(picks(picker, among, 50), "fast"), 50);
  await clock.advance(60_000);
  visit(picker, "fast", 20);
  equal(picker.pick(among).origin, "slow");
});

Deno.test("PeakEwma counts the requests that wait, and holds a failure against a server though it was quick", () => {
  const picker = new PeakEwma(new FakeClock());
  const among = servers({ a: 1, b: 1 });
  visit(picker, "a", 20);
  visit(picker, "b", 30);
  picker.began("a");
  equal(picker.pick(among).origin, "b");
  picker.ended("a", answered);
  picker.began("b");
  picker.ended("b", { tookMs: 1, isFailure: true });
  equal(picker.pick(among).origin, "a");
});

Deno.test("PeakEwma draws two servers of many, never one twice", () => {
  const draws = [0, 0.999];
  const picker = new PeakEwma(new FakeClock(), () => draws.shift()!);
  visit(picker, "a", 20);
  visit(picker, "c", 10);
  equal(picker.pick(servers({ a: 1, b: 1, c: 1 })).origin, "c");
});

const keys = Array.from({ length: 10_000 }, (_, at) => `caller ${at}`);

function visit(picker: Picker, origin: string, tookMs: number): void {
  picker.began(origin);
  picker.ended(origin, { tookMs, isFailure: false });
}

function near(share: number, expected: number): void {
  ok(Math.abs(share - expected) < 0.03, `${share} is not about ${expected}`);
}
