-- wrk: a status read of a random job out of IDS (a file of 36-character ids, one a line; the job of line n, from 0, is of
-- user n % users) with its owner's token out of TOKENS (one a line). SEED chooses the order. Answers that are not 200 are
-- counted by wrk.
local tokens, ids = {}, nil

function init(args)
  math.randomseed(tonumber(os.getenv("SEED") or "1"))
  for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end
  local file = io.open(os.getenv("IDS"))
  ids = file:read("*a")
  file:close()
end

local rest = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "

function request()
  local number = math.random(0, #ids / 37 - 1)
  local id = ids:sub(number * 37 + 1, number * 37 + 36)
  return "GET /getJobStatus?jobId=" .. id .. rest .. tokens[number % #tokens + 1] .. "\r\n\r\n"
end
