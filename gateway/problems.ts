import { type ProblemType, problemType } from "platform/problem";

/** Problems that only the edge answers with. */
export const gatewayProblems = {
  oddHost: problemType("odd-host", 400, "The request must name one host, in one way"),
  ambiguousPath: problemType("ambiguous-path", 400, "The path can be read in more than one way"),
  brokenBody: problemType("broken-body", 400, "The request body did not arrive whole"),
} satisfies Record<string, ProblemType>;
