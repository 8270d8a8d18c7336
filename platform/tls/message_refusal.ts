import type { MessageFault } from "platform/http1";
import { Problem, type ProblemType, problemType } from "platform/problem";

const refusals: Readonly<Record<MessageFault, ProblemType>> = {
  malformed: problemType("malformed-message", 400, "The request cannot be read in one way only"),
  startLineTooLong: problemType("uri-too-long", 414, "The request line is too long"),
  fieldsTooLarge: problemType("headers-too-large", 431, "The header fields are too large"),
  unknownTransferCoding: problemType(
    "unknown-transfer-coding",
    501,
    "The transfer coding of the request is unknown",
  ),
  unknownExpectation: problemType(
    "unknown-expectation",
    417,
    "The request expects what nobody here knows",
  ),
  unknownVersion: problemType("unknown-version", 400, "The version of HTTP is unknown"),
};

/** What a client is told whose message cannot be read. */
export function messageRefusal(fault: MessageFault): Problem {
  return new Problem(refusals[fault]);
}
