-- What wrk sends: `wrk … -s load.lua URL -- SCENARIO STOCK BODY`. STOCK is a file with a name a line
-- (secrets that wait to be opened), BODY one whose content goes into each request; "-" for none.
local names, content, taken = {}, "", 0
local scenario
local PROOF = string.rep("p", 42) .. "A" -- base64url of 32 bytes, as benchmarks/stock.py hashes it
local CLAIM = string.rep("c", 21) .. "A"
-- An acknowledgement follows its claim by more requests than there are connections, so it was answered.
-- wrk makes the first request once more than it sends it, to look at it: so the first name is never claimed.
local LAG = 256
local JSON = { ["Content-Type"] = "application/json" }
local FORM = { ["Content-Type"] = "application/x-www-form-urlencoded" }

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function next_name()
  taken = taken + 1
  return names[taken] or "exhausted" -- which no server knows: it counts as an error
end

local function random_hex(digits)
  local parts = {}
  for i = 1, digits / 4 do parts[i] = string.format("%04x", math.random(0, 65535)) end
  return table.concat(parts)
end

local function claim(name)
  local body = '{"proof":"' .. PROOF .. '","claim":"' .. CLAIM .. '"}'
  return wrk.format("POST", "/api/v2/secrets/" .. name .. "/claim", JSON, body)
end

local function acknowledge(name)
  return wrk.format("POST", "/api/v2/secrets/" .. name .. "/ack", JSON, '{"claim":"' .. CLAIM .. '"}')
end

local odd = false
local scenarios = {
  get = function() return wrk.format("GET") end,
  create = function()
    return wrk.format("POST", "/api/v2/secrets", JSON, '{"id":"' .. random_hex(32) .. '",' .. content)
  end,
  status = function()
    taken = taken % #names + 1
    return wrk.format("GET", "/api/v2/secrets/" .. names[taken])
  end,
  claim = function() return claim(next_name()) end,
  claim_ack = function()
    odd = not odd
    if odd or taken <= LAG + 1 then return claim(next_name()) end
    return acknowledge(names[taken - LAG])
  end,
  share = function() return wrk.format("POST", "/api/v1/share", FORM, content) end,
  open = function() return wrk.format("POST", "/api/v1/secret/" .. next_name(), FORM, "") end,
  peer_create = function() return wrk.format("POST", "/", FORM, content) end,
  peer_reveal = function() return wrk.format("POST", "/" .. next_name(), FORM, "") end,
}

function init(args)
  scenario = assert(scenarios[args[1]], "no such scenario")
  if args[2] ~= "-" then
    for line in io.lines(args[2]) do names[#names + 1] = line end
  end
  if args[3] ~= "-" then content = read(args[3]) end
  math.randomseed(tonumber(args[4]))
end

function request() return scenario() end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"errors":%d,"p50":%.1f,"p99":%.1f,"worst":%.1f}\n',
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max
  ))
end
