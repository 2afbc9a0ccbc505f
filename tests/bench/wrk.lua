-- The three requests of a handoff, in turn, as wrk sends them to the bare responder.
-- Arguments: body and answer bytes of each step, as "712,250 112,560 119,50".

local requests = {}
local turn = 0

function init(args)
    local headers = { ["Content-Type"] = "application/json", ["User-Agent"] = "handoff-load" }
    for _, sizes in ipairs(args) do
        local body, answer = sizes:match("^(%d+),(%d+)$")
        local path = "/b/" .. answer .. "/"
        path = path .. string.rep("0", 49 - #path)
        requests[#requests + 1] =
            wrk.format("POST", path, headers, string.rep("x", tonumber(body)))
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end
