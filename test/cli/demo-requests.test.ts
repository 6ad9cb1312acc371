import { decodeJwt } from 'jose';
import { expect, it } from 'vitest';
import { demoRequests } from '../../src/cli/demo-requests.ts';
import { loadConfig } from '../../src/config/load.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';

it('signs no token with a longer lifetime than USER_TOKEN_MAX_AGE', async () => {
  const config = loadConfig({ NODE_ENV: 'test', USER_TOKEN_MAX_AGE: '10m' });
  const policy = await loadPolicy(config.policy);
  const requests = await demoRequests(policy, config, {
    lifetimeMs: 24 * 60 * 60 * 1000,
    now: () => Date.UTC(2025, 0, 1),
  });
  const lifetimes = requests.map(({ credential, token }) => {
    const { exp = 0, iat = 0 } = decodeJwt(token);
    return [credential, exp - iat];
  });
  expect(Object.fromEntries(lifetimes)).toEqual({ bearer: 600, 'guest-token': 86_400 });
});
