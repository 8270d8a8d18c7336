import { equal } from "node:assert/strict";
import { RetryBudget } from "./retry_budget.ts";

Deno.test("RetryBudget gives out what it begins with and no more", () => {
  const budget = new RetryBudget({ retriesPerCall: 0.5, retriesMax: 2 });
  equal(budget.withdraw(), true);
  equal(budget.withdraw(), true);
  equal(budget.withdraw(), false);
});

Deno.test("RetryBudget earns a retry by as many calls as it costs", () => {
  const budget = new RetryBudget({ retriesPerCall: 0.5, retriesMax: 1 });
  budget.withdraw();
  budget.deposit();
  equal(budget.withdraw(), false);
  budget.deposit();
  equal(budget.withdraw(), true);
});

Deno.test("RetryBudget saves up no more than its bound", () => {
  const budget = new RetryBudget({ retriesPerCall: 1, retriesMax: 1 });
  for (let calls = 0; calls < 50; calls++) budget.deposit();
  equal(budget.withdraw(), true);
  equal(budget.withdraw(), false);
});

Deno.test("RetryBudget lets a retry be made now and then, where calls are rare", () => {
  let nowMs = 0;
  const now = () => nowMs;
  const budget = new RetryBudget({ retriesPerCall: 0, retriesMax: 1, retriesPerSecond: 1, now });
  equal(budget.withdraw(), true);
  nowMs = 999;
  equal(budget.withdraw(), false);
  nowMs = 1_000;
  equal(budget.withdraw(), true);
  equal(budget.withdraw(), false);
});
