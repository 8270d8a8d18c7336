import { z } from "zod";
import { Problem, type ProblemType } from "platform/problem";
import { type Cidr, contains, parseAddress, parseCidr } from "../cidr.ts";
import { optional } from "../entities/fields.ts";
import { definePlugin } from "../plugin.ts";
import { gatewayProblems } from "../problems.ts";

const Addresses = z.array(
  z.string().refine((text) => parseCidr(text) !== undefined, "invalid ip or cidr range"),
).min(1);

/**
 * Plugin `ip-restriction`: which addresses are answered. `deny` goes before `allow`; with `allow`, what it does not name is
 * refused, and so is a client whose address is not known. An IPv4 address and the IPv6 address that it is
 * mapped to are one. Addresses are those of connections: no header is believed.
 */
export const ipRestriction = definePlugin({
  name: "ip-restriction",
  config: z.strictObject({
    allow: optional(Addresses),
    deny: optional(Addresses),
    /** 403 when null. */
    status: optional(z.int().min(400).max(599)),
    message: optional(z.string().min(1)),
  }).refine(({ allow, deny }) => allow ?? deny, {
    message: "at least one of these fields must be non-empty: 'allow', 'deny'",
  }),
  create({ allow, deny, status, message }) {
    const allowed = allow?.map((text) => parseCidr(text)!);
    const denied = deny?.map((text) => parseCidr(text)!) ?? [];
    const { addressNotAllowed } = gatewayProblems;
    const kind = { ...addressNotAllowed, status: status ?? addressNotAllowed.status };
    return {
      access({ clientIp }) {
        if (isAnswered(parseAddress(clientIp), { allowed, denied })) return;
        throw new Problem(kind as ProblemType, message === null ? {} : { detail: message });
      },
    };
  },
});

interface Rules {
  readonly allowed: readonly Cidr[] | undefined;
  readonly denied: readonly Cidr[];
}

function isAnswered(address: Uint8Array | undefined, { allowed, denied }: Rules): boolean {
  // Who cannot be told from the denied is not let in either.
  if (!address || denied.some((cidr) => contains(cidr, address))) return false;
  return allowed === undefined || allowed.some((cidr) => contains(cidr, address));
}
