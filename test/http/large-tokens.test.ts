import { describe, expect, it } from 'vitest';
import { send, guestRequest, userRequest, type TestRequest } from './requests.ts';
import type { JsonObject } from '../support/tokens.ts';
import { guestToken, useUsher, userToken } from '../support/usher.ts';

/** The longest token of up to 16,384 characters, as of a user with hundreds of groups. */
function largest(make: (claims: JsonObject) => string): string {
  const groups = Array.from({ length: 450 }, (_, i) => `5f9c2c1e-7d0a-4b8e-9a51-${i}`);
  while (make({ groups }).length > 16_384) groups.pop();
  return make({ groups });
}

const bearer = (token: string) => userRequest({ headers: { authorization: `Bearer ${token}` } });
const inQuery = (token: string) => {
  const path = `${guestRequest().path}?token=${token}`;
  return guestRequest({ path, fields: { token: undefined } });
};

describe('a token of 16 KB', () => {
  const usher = useUsher({ TOKEN_FIELD: 'token' });

  it.each<[string, (claims: JsonObject) => string, (token: string) => TestRequest]>([
    ['in a header', userToken, bearer],
    ['in a query', guestToken, inQuery],
    ['in a form', guestToken, (token) => guestRequest({ fields: { token } })],
  ])('is read %s', async (_where, make, requestWith) => {
    const token = largest(make);
    expect(token.length).toBeGreaterThan(16_000);
    expect((await send(usher.public, requestWith(token))).status).toBe(200);
  });

  it('is refused with the same response as any other, whatever reason is in the audit log', async () => {
    const refusals = [userToken({ sub: ['15'] }), userToken({ aud: 1, exp: '1' }), 'x'];
    const responses = await Promise.all(
      refusals.map(async (token) => {
        const { status, body } = await send(usher.public, bearer(token));
        return { status, body: { ...(body as object), request_id: '' } };
      }),
    );
    expect(new Set(responses.map((response) => JSON.stringify(response))).size).toBe(1);
    expect(responses[0]?.status).toBe(401);
  });
});
