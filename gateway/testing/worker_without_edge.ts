/** A worker that cannot open: its configuration is wrong. */
import { configError } from "platform/config";
import { answerCalls } from "../workers/calls.ts";
import type { WorkerPorts, WorkerStart } from "../workers/worker_calls.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerPorts>) => void;
};

scope.onmessage = ({ data: { calls } }) =>
  answerCalls(calls, {
    open({ threadId }: WorkerStart) {
      if (threadId === 2) throw configError(["REDIS_URL: Nobody is there"]);
    },
  });
