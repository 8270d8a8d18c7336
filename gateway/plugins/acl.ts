import { z } from "zod";
import { Problem, problemTypes } from "platform/problem";
import type { Exchange } from "../exchange.ts";
import { setHeaders } from "../identify.ts";
import { definePlugin } from "../plugin.ts";

const Entries = z.array(z.string().min(1)).min(1).nullable().default(null);

/**
 * Plugin `acl`: lets in those whom `allow` names, or all but those whom `deny` does. An entry is a group that
 * the consumer is in, or a role in the caller's access token. Whom nothing is known of stays out either way.
 *
 * Knows nothing of who owns what: the services decide that, and check the roles once more.
 */
export const acl = definePlugin({
  name: "acl",
  isForEveryConsumer: true,
  config: z.strictObject({
    allow: Entries,
    deny: Entries,
    /** Whether the service is not told the consumer's groups. */
    hide_groups_header: z.boolean().default(false),
    /** There are none. */
    include_consumer_groups: z.literal(false).default(false),
    /** A consumer's own groups always count. */
    always_use_authenticated_groups: z.literal(false).default(false),
  }).superRefine(({ allow, deny }, context) => {
    if ((allow === null) !== (deny === null)) return;
    const message = allow
      ? "only one of these fields must be non-empty: 'allow', 'deny'"
      : "at least one of these fields must be non-empty: 'allow', 'deny'";
    context.addIssue({ code: "custom", path: [], message });
  }),
  create({ allow, deny, hide_groups_header: hidesGroups }, { directory }) {
    const allowed = new Set(allow);
    const denied = new Set(deny);
    return {
      access(exchange) {
        const { consumer } = exchange;
        if (consumer) exchange.groups = directory.groupsOf(consumer);
        const isAdmitted = deny === null
          ? isNamed(exchange, allowed)
          : isSomebody(exchange) && !isNamed(exchange, denied);
        if (!isAdmitted) throw new Problem(problemTypes.forbidden);
        const groups = [...exchange.groups].join(", ");
        if (hidesGroups || groups === "") return;
        const name = consumer ? "x-consumer-groups" : "x-authenticated-groups";
        exchange.edits.push((outgoing) => setHeaders(outgoing, { [name]: groups }));
      },
    };
  },
});

function isSomebody({ principal, consumer, groups }: Exchange): boolean {
  return principal !== undefined || consumer !== undefined || groups.size > 0;
}

function isNamed({ groups, principal }: Exchange, entries: ReadonlySet<string>): boolean {
  return groups.values().some((group) => entries.has(group)) ||
    (principal?.roles.values().some((role) => entries.has(role)) ?? false);
}
