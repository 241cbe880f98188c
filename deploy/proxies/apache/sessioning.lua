-- Asks the service about a visitor: the hook `check` of sessioning.conf. Needs Debian's lua-socket.

-- What to change. In the environment (Debian: /etc/apache2/envvars) the key is in no file of the site's.
local SERVICE = os.getenv("SESSIONING") or "http://127.0.0.1:7377"
-- The service's API key, sk_… (scope check).
local KEY = os.getenv("SESSIONING_API_KEY") or ""

-- Seconds for each step; who waits longer is told 503.
local TIMEOUT = 5

local http = require("socket.http")
http.TIMEOUT = TIMEOUT

-- Of what the visitor sent only these go along. Their X-Api-Key and X-Forwarded-* do not.
local PASSED = { "Cookie", "Authorization", "X-Session-Token", "Origin", "Sec-Fetch-Site" }

-- What an answer that lets pass must carry.
local IDENTITY = { "X-Session-Status", "X-Session-User", "X-Session-Id", "X-Session-Expires" }

-- What the visitor may not say: whatever begins with X-Session-, but for the visitor's own token. Application servers turn
-- X_Session_User, X!Session!User and X-Session-User into one name, so any separator counts.
local function forget_forged(r)
    for name in pairs(r:headers_in_table()) do
        if name:lower():match("^x[^%w]session[^%w]") and name:lower() ~= "x-session-token" then
            r.headers_in[name] = nil
        end
    end
end

-- Of Upgrade only WebSocket passes, alone: after an Upgrade to h2c a visitor would speak to the application alone. Apache
-- does not pass on what a visitor names in Connection, and that may be a header that says who it is, once it is ours.
local function forget_hops(r)
    local kept = {}
    for name in (r.headers_in["Connection"] or ""):gmatch("[^%s,]+") do
        if name:lower() == "close" or name:lower() == "keep-alive" then
            table.insert(kept, name)
        end
    end
    local upgrade = r.headers_in["Upgrade"]
    if upgrade and upgrade:lower() == "websocket" then
        table.insert(kept, "Upgrade")
    else
        r.headers_in["Upgrade"] = nil
    end
    r.headers_in["Connection"] = #kept > 0 and table.concat(kept, ", ") or nil
end

-- What a preflight says that goes along.
local ASKED = {
    ["host"] = true,
    ["origin"] = true,
    ["access-control-request-method"] = true,
    ["access-control-request-headers"] = true,
    ["user-agent"] = true,
    ["accept"] = true,
    ["connection"] = true,
}

-- Whether a browser asks what scripts of another site may send, where sessioning.conf lets such questions pass.
local function is_preflight(r)
    local sent = r.headers_in
    return r.subprocess_env["SESSION_PREFLIGHTS"] == "pass"
        and sent["Origin"] ~= nil
        and sent["Access-Control-Request-Method"] ~= nil
        and sent["Transfer-Encoding"] == nil
        and (sent["Content-Length"] or "0") == "0"
end

local function make_nobodys(r)
    for name in pairs(r:headers_in_table()) do
        if not ASKED[name:lower()] then
            r.headers_in[name] = nil
        end
    end
    r.headers_in["X-Session-Status"] = "anonymous"
    r.headers_in["X-Session-User"] = "(none)"
    r.headers_in["X-Session-Id"] = "(none)"
    r.headers_in["X-Session-Expires"] = "(none)"
end

local function ask(r, policy)
    local headers = {}
    for _, name in ipairs(PASSED) do
        headers[name] = r.headers_in[name]
    end
    headers["X-Api-Key"] = KEY
    headers["X-Forwarded-Method"] = r.method
    headers["X-Forwarded-Host"] = r.headers_in["Host"]
    headers["X-Forwarded-For"] = r.useragent_ip
    local url = SERVICE .. "/v1/forward-auth/" .. policy
    local got, status, answer = http.request({ url = url, headers = headers, redirect = false })
    if got == nil then
        r:err("sessioning does not answer: " .. tostring(status))
        return 503, {}
    end
    return status, answer
end

-- Lets the visitor pass (OK), or refuses with 401, 403 or 503. It asks with the head of the request alone: the body is
-- not waited for, and goes nowhere but to the application.
function check(r)
    if r.method == "CONNECT" then
        return 405
    end
    forget_forged(r)
    forget_hops(r)
    if is_preflight(r) then
        make_nobodys(r)
        return apache2.OK
    end
    local policy = r.subprocess_env["SESSION_POLICY"] or "required"
    if policy == "open" then
        return apache2.OK
    end
    local status, answer = ask(r, policy)
    if status == 401 then
        r.err_headers_out["WWW-Authenticate"] = answer["www-authenticate"] or "Bearer"
        return 401
    end
    if status == 403 then
        return 403
    end
    if status ~= 200 then
        return 503
    end
    for _, name in ipairs(IDENTITY) do
        local value = answer[name:lower()]
        if value == nil or value == "" then
            return 503
        end
        r.headers_in[name] = value
    end
    return apache2.OK
end
