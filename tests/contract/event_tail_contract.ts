import { deepEqual, equal } from "node:assert/strict";
import { type EventPublisher, type EventTail, toCloudEvent } from "platform/events";

export interface TailSubject extends AsyncDisposable {
  readonly publisher: EventPublisher;
  openTail(since: Date): EventTail;
}

const noon = new Date();

/** What every adapter of the port must do. */
export function eventTailContract(name: string, open: () => Promise<TailSubject>): void {
  const event = (id: string, at = noon) =>
    toCloudEvent("auth", id, { type: "sallyport.auth.user.changed", subject: "ada", at, data: {} });
  const idsOf = async (tail: EventTail, limit = 10) => (await tail.read(limit)).map(({ id }) => id);

  Deno.test(`${name} gives every tail every event, in order, once`, async () => {
    await using subject = await open();
    using early = subject.openTail(new Date(noon.getTime() - 1_000));
    deepEqual(await idsOf(early), [], "there is nothing yet");
    await subject.publisher.publish([event("1"), event("2")]);
    using late = subject.openTail(new Date(noon.getTime() - 1_000));
    deepEqual(await idsOf(early), ["1", "2"]);
    deepEqual(await idsOf(early), []);
    await subject.publisher.publish([event("3")]);
    deepEqual(await idsOf(early), ["3"]);
    deepEqual(await idsOf(late), ["1", "2", "3"]);
  });

  Deno.test(`${name} gives no more at once than is asked for, and then the rest`, async () => {
    await using subject = await open();
    await subject.publisher.publish(["1", "2", "3"].map((id) => event(id)));
    using tail = subject.openTail(new Date(noon.getTime() - 1_000));
    deepEqual(await idsOf(tail, 2), ["1", "2"]);
    deepEqual(await idsOf(tail, 2), ["3"]);
  });

  Deno.test(`${name} leaves out nothing from the time on that it was opened for`, async () => {
    await using subject = await open();
    await subject.publisher.publish([event("1", new Date(noon.getTime() - 3_600_000)), event("2")]);
    using tail = subject.openTail(noon);
    equal((await idsOf(tail)).at(-1), "2");
  });
}
