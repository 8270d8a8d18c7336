import { z } from "zod";
import { schemaViolation } from "../entities/violation.ts";
import { LogEntries } from "../log_entry.ts";
import { definePlugin } from "../plugin.ts";
import { secretHeaders } from "../secret_names.ts";
import { CustomFields } from "./custom_fields.ts";

/** Plugin `file-log`: a line of JSON per request, in a file below the directory for logs. */
export const fileLog = definePlugin({
  name: "file-log",
  runsWithoutRoute: true,
  config: z.strictObject({
    path: z.string().min(1),
    /** Whether the file is opened anew for each batch, for who moves it away. */
    reopen: z.boolean().default(false),
    custom_fields_by_lua: CustomFields,
  }),
  create({ path, reopen: reopens }, { logs, state, now }) {
    const fault = logs.pathFault(path);
    if (fault) throw schemaViolation([{ path: ["config", "path"], message: fault }]);
    const entries = new LogEntries({ isSecret: secretHeaders(state), now });
    return {
      log: (exchange, summary) =>
        logs.file(path, { reopens }).write(entries.print(exchange, summary)),
    };
  },
});
