/** Opens and closes as a worker does, and dies when it is asked for its counts. */
import { answerCalls } from "../workers/calls.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<MessagePort>) => void;
};

scope.onmessage = ({ data: port }) =>
  answerCalls(port, {
    open() {},
    close() {},
    counts() {
      setTimeout(() => {
        throw new RangeError("Out of luck");
      });
      return new Promise(() => {});
    },
  });
