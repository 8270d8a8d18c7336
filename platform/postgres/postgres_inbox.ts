import type { Sql } from "./postgres_connection.ts";

/** Longer than any event is delivered again. */
const rememberedMs = 30 * 24 * 3_600_000;
const forgottenMax = 100;

/**
 * Notes in the service's own database that an event has been handled: at least once on the wire, once in
 * effect. Call it inside the transaction of the effect.
 *
 * @returns whether the event is new.
 */
export async function rememberEvent(sql: Sql, eventId: string, at: Date): Promise<boolean> {
  const before = new Date(at.getTime() - rememberedMs);
  // Those that somebody else is at are left to them: nobody waits in order to tidy up.
  await sql`
    delete from inbox_events where id in (
      select id from inbox_events where handled_at < ${before}
      limit ${forgottenMax} for update skip locked
    )`;
  const { count } = await sql`
    insert into inbox_events (id, handled_at) values (${eventId}, ${at}) on conflict do nothing`;
  return count === 1;
}
