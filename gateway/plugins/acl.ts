import { z } from "zod";
import { roles } from "platform/access";
import { Problem, problemTypes } from "platform/problem";
import { definePlugin } from "../plugin.ts";

/**
 * Plugin `acl`: lets in callers who have one of the roles in `allow`. Knows nothing of who owns what:
 * the services decide that, and check the roles once more.
 */
export const acl = definePlugin({
  name: "acl",
  config: z.strictObject({ allow: z.array(z.enum(roles)).min(1) }),
  create({ allow }) {
    return {
      access({ principal }) {
        if (allow.some((role) => principal?.roles.has(role))) return;
        throw new Problem(problemTypes.forbidden);
      },
    };
  },
});
