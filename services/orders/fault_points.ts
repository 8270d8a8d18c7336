/** Every place at which a test may let the program die: between two things that must both happen. */
export const faultPoints = [
  "order.after_insert",
  "saga.before_authorize",
  "saga.after_authorize",
  "saga.committed_authorize",
  "saga.before_capture",
  "saga.after_capture",
  "saga.committed_capture",
  "saga.before_undo_payment",
  "saga.after_undo_payment",
  "saga.committed_undo_payment",
] as const;
export type FaultPoint = typeof faultPoints[number];
