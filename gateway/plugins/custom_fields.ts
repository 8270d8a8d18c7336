import { z } from "zod";

/** Kong's fields made by Lua. There is no Lua here. */
export const CustomFields = z.never("value must be null: nothing here runs Lua").nullable()
  .default(null);
