import { isIP } from "node:net";
import { z } from "zod";

/** With the underscore that names of containers have. */
const hostName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9][A-Za-z0-9_-]{0,62})*$/;

/** Where an instance of a program is reached, fit to stand in a URL: an IP address, or a host name. */
export const InstanceAddress: z.ZodType<string> = z.string().max(253).refine(
  // A zone such as "%eth0" makes an address of one machine only, and no URL.
  (address) => (isIP(address) !== 0 && !address.includes("%")) || hostName.test(address),
  "Neither an IP address nor a host name",
);
