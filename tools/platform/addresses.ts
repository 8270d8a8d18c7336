/** Where each program of one platform listens, on loopback. */
export interface Ports {
  readonly gateway: number;
  readonly gatewayAdmin: number;
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
  gatewayAdmin: 9100,
  auth: 4001,
  authAdmin: 9101,
  payment: 4002,
  paymentAdmin: 9102,
  orders: 4003,
  ordersAdmin: 9103,
  psp: 4010,
};

/** Ports that nobody listens on at this moment: for platforms that run beside another. */
export function freePorts(): Ports {
  const listeners = Object.keys(defaultPorts).map((name) =>
    [name, Deno.listen({ hostname: "127.0.0.1", port: 0 })] as const
  );
  const ports = listeners.map(([name, { addr }]) => [name, addr.port] as const);
  // Closed only now: so that no port is found twice.
  for (const [, listener] of listeners) listener.close();
  return Object.fromEntries(ports) as unknown as Ports;
}

export function localUrl(port: number): string {
  return `https://localhost:${port}`;
}
