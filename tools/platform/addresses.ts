import { freePort } from "./free_port.ts";

/** Where each program of one platform listens, on loopback. */
export interface Ports {
  readonly gateway: number;
  readonly gatewayMtls: number;
  readonly gatewayAdmin: number;
  readonly gatewayAdminTls: number;
  readonly gatewayAdminApi: number;
  readonly auth: number;
  readonly authAdmin: number;
  readonly payment: number;
  readonly paymentAdmin: number;
  readonly orders: number;
  readonly ordersAdmin: number;
  readonly psp: number;
}

/** The ports that the contract names. */
export const defaultPorts: Ports = {
  gateway: 8443,
  gatewayMtls: 8445,
  gatewayAdmin: 9100,
  gatewayAdminTls: 8444,
  gatewayAdminApi: 8001,
  auth: 4001,
  authAdmin: 9101,
  payment: 4002,
  paymentAdmin: 9102,
  orders: 4003,
  ordersAdmin: 9103,
  psp: 4010,
};

/** Ports that nobody listens on: for platforms that run beside another. */
export function freePorts(): Ports {
  const ports = Object.keys(defaultPorts).map((name) => [name, freePort()] as const);
  return Object.fromEntries(ports) as unknown as Ports;
}

export function localUrl(port: number): string {
  return `https://localhost:${port}`;
}
