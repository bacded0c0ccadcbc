-- Each request with the next of the tokens in the file that is given after `--`, from the number behind it on.
local tokens = {}
local at = 0

function init(args)
  at = tonumber(args[2])
  for line in io.lines(args[1]) do tokens[#tokens + 1] = "Bearer " .. line end
end

function request()
  at = at % #tokens + 1
  wrk.headers["Authorization"] = tokens[at]
  return wrk.format()
end
