// What a redis does for the limits in one step: the port's arithmetic (policy/limits/counts.ts is the same in this process), as one
// Lua script for redis 5 and later and for valkey. Text only; limit-redis-words.ts writes its arguments.
//
// KEYS[1]: the index, a sorted set of every key of the tenant by the ms at which it may be forgotten; beside it one of the same for each
// owner of keys, whose name is made of it. Then, in the order in which
// the words name them: the hash of a key, and for a place its sorted set of leases (by the µs at which they die) after it.
// ARGV[1]: what to do; the rest are words, read one by one.
//
// INVARIANT: reads and judges all, then writes: an error in the middle (a key of another type) has changed nothing.
// A Lua number is a double: whole µs of the epoch are exact; as text they are exact only by `%.0f`.

import { BUDGET_LUA, KEPT_MS } from './limit-redis-budget.ts';

/** So many owners fill a tenant's room, not fewer: one that makes up names does not take what all others need. */
const OWNERS = 4;

/** @param mostKeys of a tenant at once, a quarter of them of one owner; beyond, no new key is counted, and its call not decided */
export function limitScript(mostKeys: number): string {
  return `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local wall = math.floor(now / 1000)
local index = KEYS[1]
local k, a = 1, 1
local function key() k = k + 1 return KEYS[k] end
local function word() a = a + 1 return ARGV[a] end
local function num(text) return tonumber(text) or error('no number') end
local function nextnum() return num(word()) end
local function int(n) return string.format('%.0f', n) end

local function id(h) return string.sub(h, -32) end
-- What one owner has: the first 8 digits of its keys say whose they are.
local function ownerof(h) return string.sub(index, 1, -6) .. 'o:' .. string.sub(id(h), 1, 8) end
local function enter(h, untilms)
  for _, set in ipairs({ index, ownerof(h) }) do
    redis.call('ZADD', set, int(untilms), id(h))
    if redis.call('PTTL', set) < untilms - wall then redis.call('PEXPIREAT', set, int(untilms)) end
  end
end
-- Whether so many new ones have room, once those that are over have left.
local function hasroom(set, fresh, most)
  if redis.call('ZCARD', set) + fresh <= most then return true end
  redis.call('ZREMRANGEBYSCORE', set, '-inf', int(wall))
  return redis.call('ZCARD', set) + fresh <= most
end
local function expire(h, untilms, z)
  redis.call('PEXPIREAT', h, int(untilms))
  if z then redis.call('PEXPIREAT', z, int(untilms)) end
end
local function forget(h, z)
  redis.call('DEL', h)
  if z then redis.call('DEL', z) end
  redis.call('ZREM', index, id(h))
  redis.call('ZREM', ownerof(h), id(h))
end

local function rateof(h)
  local r = redis.call('HMGET', h, 'k', 't', 'g')
  if r[1] ~= 'r' then return now, 0, r[1] end
  local tat, given = num(r[2]), num(r[3])
  if tat + math.min(given, ${KEPT_MS}000) <= now then given = 0 end
  return tat, given, r[1]
end
local function standing(tat, most) return math.min(math.max(tat, now), now + most) end
local function ratekept(tat, given)
  -- Nobody gives back a day after the rate is full again.
  return math.ceil((math.max(tat, now) + math.min(given, ${KEPT_MS}000)) / 1000) + 1000
end
local function putrate(h, label, tat, given, depth, unit, kind)
  local untilms = ratekept(tat, given)
  enter(h, untilms)
  if kind and kind ~= 'r' then redis.call('DEL', h) end
  redis.call('HSET', h, 'k', 'r', 'l', label, 't', int(tat), 'g', int(given), 'd', depth, 'u', unit)
  expire(h, untilms)
end

local function refusal(wait) return { wait = wait } end
${BUDGET_LUA}
local judges = {}
function judges.r()
  local h, label, spend, depth, most, unit = key(), word(), nextnum(), nextnum(), nextnum(), word()
  local tat, given, kind = rateof(h)
  if spend > depth then return refusal(math.huge) end
  local next = standing(tat, most) + spend
  local wait = next - depth - now
  if wait > 0 then return refusal(wait) end
  return { fresh = not kind and h, mark = next + given, put = function() putrate(h, label, next, given, int(depth), unit, kind) end }
end
function judges.b() return judgebudget() end
local function putlease(h, z, label, max, lease, ttlus, kind)
  local last = redis.call('ZREVRANGE', z, 0, 0, 'WITHSCORES')[2]
  local untilms = math.ceil(math.max(now + ttlus, last and num(last) or 0) / 1000) + 1000
  enter(h, untilms)
  if kind and kind ~= 'p' then redis.call('DEL', h) end
  redis.call('ZREMRANGEBYSCORE', z, '-inf', int(now))
  redis.call('ZADD', z, int(now + ttlus), lease)
  redis.call('HSET', h, 'k', 'p', 'l', label, 'm', max)
  expire(h, untilms, z)
end
function judges.p()
  local h, z, label, max, lease, ttlus = key(), key(), word(), nextnum(), word(), nextnum() * 1000
  local kind = redis.call('HGET', h, 'k')
  local alive = redis.call('ZCOUNT', z, '(' .. int(now), '+inf')
  if alive >= max then
    -- The clock was set back: nobody has more than its whole time left.
    for _, one in ipairs(redis.call('ZRANGEBYSCORE', z, '(' .. int(now + ttlus), '+inf')) do
      redis.call('ZADD', z, int(now + ttlus), one)
    end
    return refusal(nil)
  end
  return { fresh = not kind and h, mark = 0, put = function() putlease(h, z, label, int(max), lease, ttlus, kind) end }
end

local does = {}
function does.take()
  local passed, by, longest, known, fresh, owners = {}, -1, -1, 1, 0, {}
  for i = 1, nextnum() do
    local verdict = judges[word()]()
    if verdict.elsewhere then return { 'elsewhere', int(wall) } end
    if verdict.put then
      passed[i] = verdict
      if verdict.fresh then
        local owner = ownerof(verdict.fresh)
        fresh, owners[owner] = fresh + 1, (owners[owner] or 0) + 1
      end
    else
      local wait = verdict.wait or 0
      if not verdict.wait or wait == math.huge then known = nil end
      if wait > longest then by, longest = i - 1, wait end
    end
  end
  if by >= 0 then return { 'denied', by, known and int(math.ceil(longest / 1000)) or '' } end
  if fresh > 0 and not hasroom(index, fresh, ${mostKeys}) then return { 'full' } end
  for owner, count in pairs(owners) do
    if not hasroom(owner, count, ${Math.ceil(mostKeys / OWNERS)}) then return { 'full' } end
  end
  local answer = { 'taken' }
  for i, verdict in ipairs(passed) do
    verdict.put()
    answer[i + 1] = int(verdict.mark)
  end
  return answer
end

local ends = {}
function ends.r()
  local h, spend, mark = key(), nextnum(), nextnum()
  local r = redis.call('HMGET', h, 'k', 't', 'g')
  if r[1] ~= 'r' then return end
  local tat, given = num(r[2]), num(r[3])
  local refund = math.min(spend, math.max(0, mark - given - now))
  if refund <= 0 then return end
  local untilms = ratekept(tat - refund, given + refund)
  enter(h, untilms)
  redis.call('HSET', h, 't', int(tat - refund), 'g', int(given + refund))
  expire(h, untilms)
end
function ends.b() return endbudget() end
function ends.p()
  local h, z, lease = key(), key(), word()
  redis.call('ZREM', z, lease)
  redis.call('ZREMRANGEBYSCORE', z, '-inf', int(now))
  if redis.call('ZCARD', z) == 0 then forget(h, z) end
end
function does.settle()
  for i = 1, nextnum() do ends[word()]() end
  for i = 1, nextnum() do
    local h, label, spend, depth, most, unit = key(), word(), nextnum(), word(), nextnum(), word()
    local tat, given, kind = rateof(h)
    putrate(h, label, math.min(standing(tat, most) + spend, now + most), given, depth, unit, kind)
  end
end

function does.renew()
  for i = 1, nextnum() do
    local h, z, label, max, lease, ttlus = key(), key(), word(), word(), word(), nextnum() * 1000
    putlease(h, z, label, max, lease, ttlus, redis.call('HGET', h, 'k'))
  end
end

local function stateof(h, z)
  local r = redis.call('HMGET', h, 'k', 'l', 't', 'd', 'u', 'm')
  if r[1] == 'r' then
    local backlog = math.max(0, num(r[3]) - now)
    return backlog > 0 and { 'r', id(h), r[2], int(backlog), r[4], r[5] } or nil
  elseif r[1] == 'p' then
    local held = redis.call('ZCOUNT', z, '(' .. int(now), '+inf')
    return held > 0 and { 'p', id(h), r[2], int(held), r[6] } or nil
  elseif r[1] == 'b' then
    for _, w in ipairs((windowsof(h))) do
      if wall >= w[1] and wall < w[2] and w[3] > 0 then return { 'b', id(h), r[2], int(w[3]), r[6], int(w[2]) } end
    end
  end
end
function does.list()
  local all = {}
  for i = 1, nextnum() do all[#all + 1] = stateof(key(), key()) end
  return all
end
function does.reset()
  local count = 0
  for i = 1, nextnum() do
    local h, z = key(), key()
    local state = stateof(h, z)
    if state and state[1] == 'r' then
      local tat, given = rateof(h)
      redis.call('HSET', h, 't', int(now), 'g', int(given + tat - now))
      count = count + 1
    elseif state and state[1] == 'b' then
      clearbudget(h)
      count = count + 1
    end
  end
  return count
end
return does[ARGV[1]]()
`;
}
