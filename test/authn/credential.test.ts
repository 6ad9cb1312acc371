import { expect, it } from 'vitest';
import { createIdentify } from '../../src/authn/credential.ts';
import { Secret } from '../../src/runtime/secret.ts';

it('reports a header with another scheme as malformed, without reading its token', async () => {
  const identify = createIdentify({ bearer: () => Promise.reject(new Error('was read')) });
  expect(await identify({ kind: 'bearer', text: new Secret('') })).toEqual({
    fault: 'credential-malformed',
    detail: 'Authorization is Bearer and a token: found another form',
  });
});
