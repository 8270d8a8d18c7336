/** Every place at which a test may let the program die: between two things that must both happen. */
export const faultPoints = [
  "payment.after_insert",
  "authorize.before_processor",
  "authorize.after_processor",
  "authorize.after_commit",
  "capture.before_processor",
  "capture.after_processor",
  "capture.after_commit",
  "cancel.before_processor",
  "cancel.after_processor",
  "cancel.after_commit",
  "refund.before_processor",
  "refund.after_processor",
  "refund.after_commit",
] as const;
export type FaultPoint = typeof faultPoints[number];
