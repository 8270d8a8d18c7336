/** The second of these workers answers nothing to what its configuration, by the name of a service, says. */
import { answerCalls } from "../workers/calls.ts";
import type { WorkerStart } from "../workers/worker_calls.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<MessagePort>) => void;
};

scope.onmessage = ({ data: port }) => {
  let hanging: string | undefined;
  const answer = (name: string) => name === hanging ? new Promise(() => {}) : undefined;
  answerCalls(port, {
    open({ state, threadId }: WorkerStart) {
      const [service] = state.services.values();
      if (threadId === 2) hanging = service!.name!;
      return answer("open");
    },
    close: () => answer("close"),
  });
};
