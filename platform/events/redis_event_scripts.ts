import { RedisScript } from "platform/redis";

/**
 * Of one stream and group, in this order: the stream; what is tried again, by when; how often and since
 * when each was tried; the dead letters. An entry that is tried again stays pending in the group.
 */
const names = `
  local stream, retries, tries, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
  local group = ARGV[1]
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)

  local function fields_of(entry)
    local fields = {}
    for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
    return fields
  end

  local function forget(id)
    redis.call('XACK', stream, group, id)
    redis.call('ZREM', retries, id)
    redis.call('HDEL', tries, id, 'first ' .. id)
  end

  local function bury(id, reason, attempts)
    local entry = redis.call('XRANGE', stream, id, id)[1]
    if entry then
      redis.call('XADD', dead, 'MAXLEN', '~', '${100_000}', '*',
        'event', fields_of(entry).event or '', 'reason', reason, 'attempts', attempts, 'at', now)
    end
    forget(id)
  end
`;

/** ARGV: the longest stream; how long an event's id is remembered; then id and text of each event. */
export const publishScript = new RedisScript(`
  for i = 3, #ARGV, 2 do
    if redis.call('SET', KEYS[1] .. ':id:' .. ARGV[i], '', 'NX', 'PX', ARGV[2]) then
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'event', ARGV[i + 1])
    end
  end
`);

/** ARGV: group, reader, limit, when an entry is abandoned, where to go on looking for those. */
export const readScript = new RedisScript(`${names}
  local reader, limit, abandoned_ms = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
  local given, cursor = {}, ARGV[5]
  redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')

  local function give(entry)
    local fields = fields_of(entry)
    -- A dead letter that was replayed is for the group that it had died in.
    if fields['for'] and fields['for'] ~= group then return forget(entry[1]) end
    table.insert(given, { entry[1], fields.event or '' })
  end

  for _, id in ipairs(redis.call('ZRANGE', retries, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)) do
    local entry = redis.call('XCLAIM', stream, group, reader, 0, id)[1]
    if entry then
      redis.call('ZADD', retries, now + abandoned_ms, id)
      give(entry)
    else
      forget(id)
    end
  end

  if #given < limit then
    local claimed = redis.call('XAUTOCLAIM', stream, group, reader, abandoned_ms, cursor,
      'COUNT', limit - #given)
    cursor = claimed[1]
    for _, entry in ipairs(claimed[2]) do
      if not redis.call('ZSCORE', retries, entry[1]) then give(entry) end
    end
  end

  if #given < limit then
    local fresh = redis.call('XREADGROUP', 'GROUP', group, reader, 'COUNT', limit - #given,
      'STREAMS', stream, '>')
    if fresh then for _, entry in ipairs(fresh[1][2]) do give(entry) end end
  end
  return { cursor, given }
`);

/** ARGV: group, id. */
export const handledScript = new RedisScript(`${names}
  forget(ARGV[2])
`);

/** ARGV: group, id, reason, attempts so far. */
export const buryScript = new RedisScript(`${names}
  bury(ARGV[2], ARGV[3], ARGV[4])
`);

/** ARGV: group, id, reason, first pause, longest pause, attempts, how long it is tried. @returns 1 when it is dead. */
export const failedScript = new RedisScript(`${names}
  local id = ARGV[2]
  -- An error says that there is no such group any more, as after a flush.
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err or #pending == 0 then return 0 end
  local attempts = redis.call('HINCRBY', tries, id, 1)
  redis.call('HSETNX', tries, 'first ' .. id, now)
  local tried_ms = now - redis.call('HGET', tries, 'first ' .. id)
  if attempts >= tonumber(ARGV[6]) and tried_ms >= tonumber(ARGV[7]) then
    bury(id, ARGV[3], attempts)
    return 1
  end
  local pause_ms = math.min(tonumber(ARGV[5]), ARGV[4] * 2 ^ (attempts - 1))
  redis.call('ZADD', retries, now + pause_ms, id)
  return 0
`);

/** ARGV: group, id of the letter, the longest stream. @returns 1 when there was such a letter. */
export const replayScript = new RedisScript(`${names}
  local letter = redis.call('XRANGE', dead, ARGV[2], ARGV[2])[1]
  if not letter then return 0 end
  redis.call('XADD', stream, 'MAXLEN', '~', ARGV[3], '*',
    'event', fields_of(letter).event, 'for', group)
  redis.call('XDEL', dead, ARGV[2])
  return 1
`);

/**
 * ARGV: group, reader. What the reader took becomes nobody's, and abandoned. The group forgets the reader,
 * and those that have nothing and have been silent for an hour: they were killed.
 */
export const leaveScript = new RedisScript(`${names}
  local reader = ARGV[2]
  local taken = redis.pcall('XPENDING', stream, group, '-', '+', 1000000, reader)
  -- Neither stream nor group: nothing was ever read.
  if taken.err then return end
  for _, entry in ipairs(taken) do
    redis.call('XCLAIM', stream, group, 'nobody', 0, entry[1], 'IDLE', ${24 * 3_600_000}, 'JUSTID')
  end
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
    local name, pending, idle_ms = consumer[2], consumer[4], consumer[6]
    if pending == 0 and (name == reader or idle_ms > ${3_600_000}) then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
    end
  end
`);
