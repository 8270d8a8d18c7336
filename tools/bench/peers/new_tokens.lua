-- Asks with one token after the other, each new to whoever remembers fewer than there are.
dofile(os.getenv("BENCH") .. "/lib/wrk.lua")

local tokens = {}
for token in io.lines(os.getenv("MANY_TOKENS")) do tokens[#tokens + 1] = token end
local at = 0

request = function()
  at = at % #tokens + 1
  wrk.headers["Authorization"] = "Bearer " .. tokens[at]
  return wrk.format()
end
