import { deepEqual, ok } from "node:assert/strict";
import { connectionLimits, filesPerConnection, filesReserved } from "./connection_limits.ts";

Deno.test("Where files are enough, or nobody knows how many there are, connections have the limits of every server", () => {
  const usual = { connectionsMax: 10_000, connectionsPerNetworkMax: 1_000 };
  for (const openFilesMax of [undefined, 1_048_576, Infinity]) {
    deepEqual(connectionLimits({ threads: 1, openFilesMax }), usual);
  }
});

Deno.test("Where files are few, there are never more connections at both edges than files for them", () => {
  for (const openFilesMax of [256, 1_024, 4_096, 20_000, 61_000]) {
    const { connectionsMax, connectionsPerNetworkMax } = connectionLimits({
      threads: 1,
      openFilesMax,
    });
    const files = 2 * connectionsMax * filesPerConnection;
    ok(files <= openFilesMax - Math.min(filesReserved, openFilesMax / 2), `${files}`);
    ok(connectionsMax >= 20, `${connectionsMax}`);
    ok(connectionsPerNetworkMax <= connectionsMax);
  }
});

Deno.test("Threads share what connections there may be", () => {
  deepEqual(connectionLimits({ threads: 4, openFilesMax: undefined }), {
    connectionsMax: 2_500,
    connectionsPerNetworkMax: 250,
  });
});
