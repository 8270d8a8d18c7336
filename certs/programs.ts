/** Everyone who holds a certificate of the platform's CA. */
export const programs = [
  "gateway",
  "auth",
  "payment",
  "orders",
  "psp",
  "prometheus",
  "consul",
  "operator",
] as const;

export type Program = typeof programs[number];
