// The budgets of the script of limit-redis-script.ts: the arithmetic of policy/limits/budget.ts in Lua, over the hash of a key. Text only.
//
// k 'b' · l label · m max · of two windows, the last used first, then the latest of the others: s start, e end, u used, n when it was last counted in (µs) · of those
// that were dropped: d the highest count, v until when it is of account (µs)

/** A key without a rate, a count or a lease is forgotten so long after it has nothing to say. */
export const KEPT_MS = 86_400_000;

export const BUDGET_LUA = `
local fields = { 's1', 'e1', 'u1', 'n1', 's2', 'e2', 'u2', 'n2' }
local function windowsof(h)
  local r = redis.call('HMGET', h, 'k', 'd', 'v', unpack(fields))
  local list = {}
  if r[1] ~= 'b' then return list, r[1], 0, 0 end
  for at = 4, 8, 4 do
    if r[at] then list[#list + 1] = { num(r[at]), num(r[at + 1]), num(r[at + 2]), num(r[at + 3] or 0) } end
  end
  return list, r[1], num(r[2] or 0), num(r[3] or 0)
end
local function putwindows(h, list)
  local words = {}
  for i, w in ipairs(list) do
    for j, name in ipairs({ 's', 'e', 'u', 'n' }) do
      words[#words + 1] = name .. i
      words[#words + 1] = int(w[j])
    end
  end
  redis.call('HSET', h, unpack(words))
end
local function clearbudget(h) redis.call('HDEL', h, 'd', 'v', unpack(fields)) end

local function judgebudget()
  local h, label, cost, max, count = key(), word(), nextnum(), nextnum(), nextnum()
  local windows = {}
  for i = 1, count do windows[i] = { nextnum(), nextnum() } end
  local at = windows[count]
  -- The caller's clock is not this one: it is told the time, and names the windows around it.
  if wall < windows[1][1] or wall >= at[2] then return { elsewhere = true } end
  for i = count, 1, -1 do if wall < windows[i][2] then at = windows[i] end end
  local known, kind, dropped, untilus = windowsof(h)
  local list, own, behind = { at }, nil, false
  for _, one in ipairs(known) do
    if one[1] == at[1] then own = one else list[#list + 1] = one end
    if one[1] > at[1] then behind = true end
  end
  -- One that is behind another and no longer known: as full as the fullest that was dropped.
  local doubt = not own and behind and math.max(0, untilus - now) or 0
  local used = own and own[3] or doubt > 0 and dropped or 0
  if cost > max then return refusal(math.huge) end
  if used + cost > max then
    local wait = math.max(1, at[2] - wall) * 1000
    return refusal(doubt > 0 and math.min(doubt, wait) or wait)
  end
  list[1] = { at[1], at[2], used + cost, now }
  return { fresh = not kind and h, mark = at[1], put = function()
    if list[3] and list[3][1] > list[2][1] then list[2], list[3] = list[3], list[2] end
    local lost = table.remove(list, 3)
    if lost then
      local lostus = lost[4] + (lost[2] - lost[1]) * 1000
      if untilus <= now then dropped, untilus = lost[3], lostus
      else dropped, untilus = math.max(dropped, lost[3]), math.max(untilus, lostus) end
    end
    local untilms = math.max(at[2], list[2] and list[2][2] or 0) + ${KEPT_MS}
    enter(h, untilms)
    if kind and kind ~= 'b' then redis.call('DEL', h) end
    redis.call('HSET', h, 'k', 'b', 'l', label, 'm', int(max), 'd', int(dropped), 'v', int(untilus))
    putwindows(h, list)
    expire(h, untilms)
  end }
end
local function endbudget()
  local h, cost, mark = key(), nextnum(), nextnum()
  local list = windowsof(h)
  for _, w in ipairs(list) do
    if w[1] == mark then
      w[3] = math.max(0, w[3] - cost)
      putwindows(h, list)
    end
  end
end`;
