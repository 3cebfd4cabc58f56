// What a redis does for the breakers of a fleet in one step: one hash for each server, as one Lua script for redis 5 and later and for
// valkey. Text only; fleet-words.ts writes its arguments and reads its replies.
//
// KEYS[1]: the hash. Field `v`: changes with each change of an opening. `b<name>`: one breaker, as JSON: `i` id, `q` step, `u` the ms of
// the epoch at which its cool-down is over, `n` note, `d` the ids that are no longer believed, `c` who said so last, `h` who probes, `e`
// until when. `now` is the server's own time. JSON of Lua keeps 14 digits: ms of the epoch need 13.
// INVARIANT: an opening that runs is replaced by none of another id, and one that has ended is never told again.

/** Ids that one breaker remembers as ended. */
const MOST_ENDED = 16;
/** So long after its end an opening is remembered: longer than any cool-down, so that who found it cannot bring it back meanwhile. */
const KEPT_MS = 172_800_000;
/** The longest `maxOpenMs`, and the longest lease: a machine that counts wrong switches nothing off for ever. */
const LONGEST_MS = 86_400_000;

/** @param mostBreakers of one server at once; beyond, an opening is not taken */
export function fleetScript(mostBreakers: number): string {
  return `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local hash = KEYS[1]
local a = 1
local function word() a = a + 1 return ARGV[a] end
local function num() return tonumber(word()) or error('no number') end
local function int(n) return string.format('%.0f', n) end
local function read(name)
  local text = redis.call('HGET', hash, 'b' .. name)
  local ok, b = pcall(cjson.decode, text or '{}')
  if not ok or type(b) ~= 'table' then b = {} end
  if type(b.d) ~= 'table' then b.d = {} end
  return b, text
end
local function isended(b, id)
  for _, one in ipairs(b.d) do if one == id then return true end end
  return false
end
local function put(name, b)
  if #b.d == 0 then b.d = nil end
  redis.call('HSET', hash, 'b' .. name, cjson.encode(b))
  if redis.call('PTTL', hash) < ${KEPT_MS} then redis.call('PEXPIRE', hash, ${KEPT_MS + LONGEST_MS}) end
end
local function changed()
  local v = tonumber(redis.call('HGET', hash, 'v') or '0') or 0
  redis.call('HSET', hash, 'v', int(math.max(v + 1, now)))
end
-- What nobody needs any more makes room, the oldest first to go being of no importance.
local function hasroom()
  if redis.call('HLEN', hash) <= ${mostBreakers} then return true end
  local all = redis.call('HGETALL', hash)
  local found = false
  for at = 1, #all, 2 do
    local name = all[at]
    if string.sub(name, 1, 1) == 'b' then
      local b = read(string.sub(name, 2))
      if (tonumber(b.u) or 0) + ${KEPT_MS} < now and (tonumber(b.e) or 0) < now then
        redis.call('HDEL', hash, name)
        found = true
      end
    end
  end
  return found
end

local full = 0
local function tell()
  local kind, name, id = word(), word(), word()
  local b, text = read(name)
  if kind == 'end' then
    local by = word()
    if isended(b, id) then return end
    b.d[#b.d + 1] = id
    while #b.d > ${MOST_ENDED} do table.remove(b.d, 1) end
    b.c = by
    if b.i == id then b.i, b.q, b.n = nil, nil, nil end
    if text then put(name, b) changed() end
    return
  end
  local step, left, note = num(), num(), word()
  if isended(b, id) then return end
  if b.i == id and step <= (tonumber(b.q) or 0) then return end
  if b.i and b.i ~= id and (tonumber(b.u) or 0) > now then return end
  if not text and not hasroom() then full = 1 return end
  b.i, b.q, b.n, b.u = id, step, note, now + math.min(left, ${LONGEST_MS})
  put(name, b)
  changed()
end

local ops = {}
function ops.sync()
  local known, count = word(), num()
  for _ = 1, count do tell() end
  local v = redis.call('HGET', hash, 'v') or ''
  if v == known then return { v, full } end
  local all, rows = redis.call('HGETALL', hash), {}
  for at = 1, #all, 2 do
    if string.sub(all[at], 1, 1) == 'b' then
      local name = string.sub(all[at], 2)
      local b = read(name)
      local left = math.max(0, (tonumber(b.u) or 0) - now)
      rows[#rows + 1] = { name, tostring(b.i or ''), int(tonumber(b.q) or 0), int(left), tostring(b.n or ''), tostring(b.c or ''), b.d }
    end
  end
  return { v, full, rows }
end
-- All or none. @return 'yours', or why not, for how long, and who has it.
function ops.claim()
  local token, instead, length, count = word(), word(), num(), num()
  local found = {}
  for at = 1, count do
    local name, own, mark = word(), word(), word()
    local b, text = read(name)
    local running = b.i and b.i ~= mark and string.sub(b.i, 1, #own) ~= own and (tonumber(b.u) or 0) > now
    if running then return { 'open', int(b.u - now), '' } end
    if b.h and b.h ~= token and b.h ~= instead and (tonumber(b.e) or 0) > now then
      return { 'held', int(b.e - now), tostring(b.h) }
    end
    if not text and not hasroom() then return { 'full', '0', '' } end
    found[at] = { name, b }
  end
  for _, one in ipairs(found) do
    one[2].h, one[2].e = token, now + math.min(length, ${LONGEST_MS})
    put(one[1], one[2])
  end
  return { 'yours', '0', '' }
end
function ops.free()
  local token, name = word(), word()
  local b = read(name)
  if b.h ~= token then return 0 end
  b.h, b.e = nil, nil
  put(name, b)
  return 1
end
return ops[ARGV[1]]()
`;
}
