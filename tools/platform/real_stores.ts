import { ensureCertificates } from "certs/store";
import { type RealServers, type ServersPlace, startServers } from "../servers/mod.ts";
import { prepareStores } from "../stores/prepare_stores.ts";
import type { ProgramName, ProgramOptions } from "./programs.ts";

/** Real servers under a platform, their schemas as the programs know them. */
export interface RealStores extends AsyncDisposable {
  readonly servers: RealServers;
  /** By which each program finds them. */
  readonly extraEnv: Required<ProgramOptions>["extraEnv"];
}

/** Who is told of what: a program has no business with the address of another's database. */
const toldOf: Readonly<Partial<Record<ProgramName, RegExp>>> = {
  gateway: /^(REDIS|CONSUL)_/,
  auth: /^(AUTH_MONGODB|REDIS|CONSUL)_/,
  payment: /^(PAYMENT_DYNAMODB|AWS|REDIS|CONSUL)_/,
  orders: /^(ORDERS_POSTGRES|REDIS|CONSUL)_/,
};

/** Starts the servers, and prepares what the programs do not make themselves. */
export async function startRealStores(place: ServersPlace): Promise<RealStores> {
  const { tlsDir } = place;
  await ensureCertificates(tlsDir, ["auth", "payment", "orders"], new Date());
  await using starting = new AsyncDisposableStack();
  const servers = starting.use(await startServers(place));
  await prepareStores(servers.variables, tlsDir);
  const running = starting.move();
  const entries = Object.entries(servers.variables);
  const extraEnv = Object.fromEntries(
    Object.entries(toldOf).map(([program, names]) => [
      program,
      Object.fromEntries(entries.filter(([name]) => names.test(name))),
    ]),
  );
  return { servers, extraEnv, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
