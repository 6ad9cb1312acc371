#!/usr/bin/env bash
# oidc-provider 9.13.3: if two tabs of a page use the same refresh token at the same time, one gets 200 with new tokens, and the other
# 400. The second request also ends the whole login: the access token of the 200 is not active when the page uses it, and
# neither is one that was issued long before. Refresh tokens of public clients are used once by default. A repeated request after
# a lost response has the same effect.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages oidc-provider@9.13.3

cat >provider.mjs <<'JS'
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const redirect_uris = ['https://app.example/login'];
const page = {
  client_id: 'page', token_endpoint_auth_method: 'none', redirect_uris,
  grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
};
const service = { client_id: 'service', client_secret: 'a-secret-of-the-service', grant_types: [], redirect_uris: [], response_types: [] };
const scope = 'openid offline_access';
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [page, service],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: { devInteractions: { enabled: false }, introspection: { enabled: true, allowedPolicy: () => true } },
  ttl: { AccessToken: 600, Grant: 6000, IdToken: 600, RefreshToken: 6000 },
});
const post = async (path, form, headers = {}) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
  return { status: response.status, ...(await response.json()) };
};
/** The refresh token of a new login. */
const logIn = async () => {
  const grant = new provider.Grant({ accountId: '15', clientId: page.client_id });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const client = await provider.Client.find(page.client_id);
  return new provider.RefreshToken({ accountId: '15', client, grantId, scope, gty: 'authorization_code' }).save();
};
const refresh = (token) => post('/token', { grant_type: 'refresh_token', refresh_token: token, client_id: page.client_id });
const state = async ({ access_token: token }) => {
  const headers = { authorization: `Basic ${btoa(`${service.client_id}:${service.client_secret}`)}` };
  const { active } = await post('/token/introspection', { token }, headers);
  return active ? 'active' : 'not active';
};
const server = provider.listen(port, '127.0.0.1', async () => {
  const single = await refresh(await logIn());
  console.log(`${single.status}, ${await state(single)}`);
  const before = await refresh(await logIn());
  const tabs = await Promise.all([refresh(before.refresh_token), refresh(before.refresh_token)]);
  const [granted, refused] = tabs.sort((one, other) => one.status - other.status);
  console.log(`${granted.status}, ${await state(granted)}`);
  console.log(`${refused.status}, ${refused.error}`);
  console.log(await state(before));
  server.closeAllConnections();
  server.close();
});
JS

node provider.mjs "$(free_port)" >result 2>/dev/null
expect 'one refresh, and its access token' '200, active' "$(sed -n 1p result)"
expect 'of two at the same time, the first' '200, not active' "$(sed -n 2p result)"
expect 'the second' '400, invalid_grant' "$(sed -n 3p result)"
expect 'the access token that was issued before both' 'not active' "$(sed -n 4p result)"
