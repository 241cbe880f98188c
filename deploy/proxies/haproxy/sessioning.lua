-- Asks the service about a visitor: the action `session_check` of haproxy.cfg, which says where the service is.

local SERVICE = os.getenv("SESSIONING")
local KEY = os.getenv("SESSIONING_API_KEY") or ""

-- Milliseconds; who waits longer is told 503.
local TIMEOUT = 5000

-- Of what the visitor sent only these go along. Their X-Api-Key and X-Forwarded-* do not.
local PASSED = { "cookie", "authorization", "x-session-token", "origin", "sec-fetch-site" }

-- What an answer that lets pass must carry.
local IDENTITY = { "status", "user", "id", "expires" }

-- The only value of a header; nil where there is none, or more.
local function only(headers, name)
    local values = headers[name]
    if values == nil or values[0] == nil or values[1] ~= nil or values[0] == "" then
        return nil
    end
    return values[0]
end

-- HAProxy counts values from 0, and its HTTP client from 1.
local function copy(values)
    local copied = {}
    for i = 0, #values do
        copied[i + 1] = values[i]
    end
    return copied
end

local function question(txn)
    local sent = txn.http:req_get_headers()
    local headers = {}
    for _, name in ipairs(PASSED) do
        if sent[name] ~= nil then
            headers[name] = copy(sent[name])
        end
    end
    headers["x-api-key"] = { KEY }
    headers["x-forwarded-method"] = { txn.f:method() }
    headers["x-forwarded-host"] = { only(sent, "host") or "" }
    headers["x-forwarded-for"] = { txn.f:src() }
    return headers
end

-- "allow", and the four variables set; or the status to refuse with.
local function verdict(txn, answer)
    if answer == nil then
        return "503"
    end
    if answer.status == 401 then
        txn:set_var("txn.session_challenge", only(answer.headers, "www-authenticate") or "Bearer")
        return "401"
    end
    if answer.status == 403 then
        return "403"
    end
    if answer.status ~= 200 then
        return "503"
    end
    for _, name in ipairs(IDENTITY) do
        local value = only(answer.headers, "x-session-" .. name)
        if value == nil then
            return "503"
        end
        txn:set_var("txn.session_" .. name, value)
    end
    return "allow"
end

core.register_action("session_check", { "http-req" }, function(txn)
    local policy = txn:get_var("txn.policy")
    local client = core.httpclient()
    local answer = client:get({
        url = SERVICE .. "/v1/forward-auth/" .. policy,
        headers = question(txn),
        timeout = TIMEOUT,
    })
    txn:set_var("txn.session_verdict", verdict(txn, answer))
end)
