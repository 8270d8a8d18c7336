import { deepEqual } from "node:assert/strict";
import { shareOf } from "./node_share.ts";

Deno.test("threads hold together what the node may, and each alone what is left of it by the others", () => {
  deepEqual([1, 2, 3, 64].map((threads) => shareOf(1_000, threads)), [1_000, 500, 334, 16]);
});
