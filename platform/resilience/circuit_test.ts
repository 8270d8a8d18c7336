import { deepEqual, equal, ok } from "node:assert/strict";
import { Circuit, type Passage } from "./circuit.ts";

interface Scene {
  readonly circuit: Circuit;
  /** How often it has opened. */
  readonly opened: () => number;
  pass(by: keyof Passage): void;
  advance(ms: number): void;
}

function aCircuit(): Scene {
  let nowMs = 1_000;
  let opened = 0;
  const circuit = new Circuit({
    failureRatioMin: 0.5,
    callsMin: 4,
    windowMs: 10_000,
    openMs: 5_000,
    now: () => nowMs,
    onOpened: () => void opened++,
  });
  return {
    circuit,
    opened: () => opened,
    pass: (by) => passageOf(circuit)[by](),
    advance: (ms) => void (nowMs += ms),
  };
}

function passageOf(circuit: Circuit): Passage {
  const entered = circuit.enter();
  ok("succeeded" in entered, "the circuit refused");
  return entered;
}

Deno.test("A circuit opens when enough of the last calls failed, and says how long it stays so", () => {
  const { circuit, opened, pass, advance } = aCircuit();
  for (const by of ["succeeded", "succeeded", "failed"] as const) pass(by);
  equal(circuit.state, "closed");
  pass("failed");
  equal(circuit.state, "open");
  equal(opened(), 1);
  advance(1_000);
  deepEqual(circuit.enter(), { retryAfterMs: 4_000 });
});

Deno.test("One call probes a half-open circuit: all others are refused until it is known how that ended", () => {
  const { circuit, pass, advance } = aCircuit();
  for (let failed = 0; failed < 4; failed++) pass("failed");
  advance(5_000);
  const probe = passageOf(circuit);
  deepEqual(circuit.enter(), { retryAfterMs: 5_000 });
  probe.failed();
  deepEqual(circuit.enter(), { retryAfterMs: 5_000 });
  advance(5_000);
  passageOf(circuit).succeeded();
  equal(circuit.state, "closed");
  pass("failed");
  equal(circuit.state, "closed");
});

Deno.test("A probe that teaches nothing leaves its place to the next", () => {
  const { circuit, pass, advance } = aCircuit();
  for (let failed = 0; failed < 4; failed++) pass("failed");
  advance(5_000);
  passageOf(circuit).abandoned();
  passageOf(circuit).succeeded();
  equal(circuit.state, "closed");
});

Deno.test("A call that began before the circuit opened does not open or close it again", () => {
  const { circuit, pass, advance } = aCircuit();
  const [slow, late] = [passageOf(circuit), passageOf(circuit)];
  for (let failed = 0; failed < 4; failed++) pass("failed");
  slow.succeeded();
  equal(circuit.state, "open");
  advance(5_000);
  passageOf(circuit).succeeded();
  late.failed();
  equal(circuit.state, "closed");
});
