#!/usr/bin/env bash
# oidc-provider 9.13.3: its introspection endpoint (RFC 7662) answers 400 for an access token that it has issued itself, if a resource server has
# tokens in the form of JWTs. Opaque tokens of the same client are introspected. So a service cannot check each bearer token in one way, and
# the answer is not `{"active":false}`: it looks like a failure of the endpoint.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages oidc-provider@9.13.3

cat >provider.mjs <<'JS'
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const client = { client_id: 'app', client_secret: 'a secret of the application', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  ttl: { ClientCredentials: 600 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, audience) => ({ audience, scope: 'chat', accessTokenFormat: audience.split(':').at(-1) }),
    },
  },
});
const server = provider.listen(port, '127.0.0.1', async () => {
  const post = (path, form) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret.replaceAll(' ', '+')}`)}` },
      body: new URLSearchParams(form),
    });
  for (const format of ['opaque', 'jwt']) {
    const issued = await post('/token', { grant_type: 'client_credentials', resource: `urn:${format}` });
    const { access_token: token } = await issued.json();
    const introspected = await post('/token/introspection', { token });
    const { active, error } = await introspected.json();
    console.log(`${introspected.status} ${error ?? `active: ${active}`}`);
  }
  server.closeAllConnections();
  server.close();
});
JS

node provider.mjs "$(free_port)" >result 2>/dev/null
expect 'opaque access token' '200 active: true' "$(sed -n 1p result)"
expect 'JWT access token' '400 unsupported_token_type' "$(sed -n 2p result)"
