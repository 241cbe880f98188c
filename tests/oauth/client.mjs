// Introspects a session (RFC 7662) and revokes it (RFC 7009) as any OAuth client would.
//   node client.mjs URL API_KEY TOKEN ID
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";

const [url, key, token, id] = process.argv.slice(2);
const server = {
  issuer: url,
  introspection_endpoint: `${url}/v1/introspect`,
  revocation_endpoint: `${url}/v1/revoke`,
};
const client = { client_id: "shop" };
const withKey = (_server, _client, _body, headers) => headers.set("x-api-key", key);
const wrongKey = (_server, _client, _body, headers) => headers.set("x-api-key", "sk_0_0");
const options = { [oauth.allowInsecureRequests]: true };

const introspect = async () => {
  const answer = await oauth.introspectionRequest(server, client, withKey, token, options);
  return oauth.processIntrospectionResponse(server, client, answer);
};
const revoke = async (authentication) => {
  const answer = await oauth.revocationRequest(server, client, authentication, token, options);
  return oauth.processRevocationResponse(answer);
};

const active = await introspect();
assert.equal(active.active, true);
assert.deepEqual([active.sub, active.sid, active.acr], ["alice", id, "1"]);
assert.ok(active.exp > active.iat);

await assert.rejects(revoke(wrongKey), (error) => error.status === 401);
assert.equal((await introspect()).active, true);

await revoke(withKey);
assert.deepEqual(await introspect(), { active: false });
await revoke(withKey);
