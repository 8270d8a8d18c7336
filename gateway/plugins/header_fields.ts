import { z } from "zod";
import { HeaderName } from "../entities/fields.ts";
import { isReservedToServices } from "../forward_headers.ts";

/** Whether `text` can stand in a header: no control character could end it early, nothing is lost in Latin-1. */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

export const HeaderText = z.string().min(1).refine(isHeaderText, "not the text of a header");

/** A header in which services are told something, and which no part of the gateway speaks for already. */
export const OwnHeaderName = HeaderName.refine(
  (name) => !isReservedToServices(name.toLowerCase()),
  "this header is the gateway's own",
);
