/** A worker that cannot open: its configuration is wrong. */
import { configError } from "platform/config";
import { answerCalls } from "../workers/calls.ts";
import type { WorkerStart } from "../workers/worker_calls.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<MessagePort>) => void;
};

scope.onmessage = ({ data: port }) =>
  answerCalls(port, {
    open({ threadId }: WorkerStart) {
      if (threadId === 2) throw configError(["REDIS_URL: Nobody is there"]);
    },
  });
