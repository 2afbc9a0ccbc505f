-- One request, made once: as the generator sends it to the bare responder. Argument: bytes of body.

function init(args)
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["User-Agent"] = "handoff-load"
    wrk.body = string.rep("x", tonumber(args[1]))
end
