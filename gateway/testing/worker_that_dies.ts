/** Opens and closes as a worker does, and dies when it is asked for its counts. */
import { answerCalls } from "../workers/calls.ts";
import type { WorkerPorts } from "../workers/worker_calls.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerPorts>) => void;
};

scope.onmessage = ({ data: { calls } }) =>
  answerCalls(calls, {
    open() {},
    close() {},
    counts() {
      setTimeout(() => {
        throw new RangeError("Out of luck");
      });
      return new Promise(() => {});
    },
  });
