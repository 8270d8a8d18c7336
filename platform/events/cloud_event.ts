import { z } from "zod";

/**
 * Something that happened, told to other programs.
 *
 * @see {@link https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md | CloudEvents 1.0, JSON format}
 */
export const CloudEvent = z.object({
  specversion: z.literal("1.0"),
  /** Unique per source: what an inbox remembers. */
  id: z.string().min(1),
  /** `sallyport://orders` and so on. */
  source: z.string().min(1),
  type: z.string().min(1),
  /** The id of what it happened to. */
  subject: z.string().min(1),
  time: z.iso.datetime(),
  datacontenttype: z.literal("application/json"),
  data: z.record(z.string(), z.unknown()),
});
export type CloudEvent = z.output<typeof CloudEvent>;

/** Undefined when `text` is no event. */
export function parseEvent(text: string): CloudEvent | undefined {
  try {
    return CloudEvent.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a service says when it publishes; the outbox makes a {@linkcode CloudEvent} of it. */
export interface Happening {
  readonly type: string;
  readonly subject: string;
  readonly at: Date;
  readonly data: Readonly<Record<string, unknown>>;
}

export function toCloudEvent(source: string, id: string, happening: Happening): CloudEvent {
  return {
    specversion: "1.0",
    id,
    source: `sallyport://${source}`,
    type: happening.type,
    subject: happening.subject,
    time: happening.at.toISOString(),
    datacontenttype: "application/json",
    data: { ...happening.data },
  };
}
