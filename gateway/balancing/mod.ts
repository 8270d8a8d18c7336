export { type Clock, systemClock } from "./clock.ts";
export { type HashKey, hashKeyOf } from "./hash_key.ts";
export type { Candidate, Outcome, Picker } from "./picker.ts";
export type { Pool, Visit } from "./pool.ts";
export {
  type HealthWord,
  Pools,
  type PoolsOptions,
  type ServiceReach,
  type TargetReport,
} from "./pools.ts";
export { tcpConnect } from "./tcp_connect.ts";
