import { describe, expect, it, onTestFinished } from 'vitest';
import { channelRequest, cursorOf, userRequest } from '../src/http/input/client-request.ts';
import { createUsher } from '../src/library.ts';
import { createTestDatabase } from './support/database.ts';
import { testEnvironment } from './support/usher.ts';

describe('a caller in JavaScript', () => {
  it.each([
    ['PUSHER_TLS', true],
    ['RATE_LIMIT_FAILURES', 60],
    ['ALLOWED_ORIGINS', ['https://a.example']],
  ])('gets an error that says that %s must be a string', async (name, value) => {
    await expect(createUsher({ [name]: value } as never)).rejects.toThrow(
      `The configuration has problems:\n  - ${name} must be a string, as in the environment`,
    );
  });

  it.each([undefined, null, [], 'POLICY'])(
    'gets an error that says that settings are an object, and not %j',
    async (settings) => {
      await expect(createUsher(settings as never)).rejects.toThrow(
        'createUsher takes the settings as an object',
      );
    },
  );

  it.each([undefined, null, ['1.2'], 1.2])('may pass %j of a client as an empty field', (field) => {
    const request = { socketId: field, channelName: field, address: '203.0.113.7' } as never;
    expect(channelRequest(request, () => 'id')).toMatchObject({ socketId: '', channelName: '' });
  });

  it('may pass null for the credential, the tenant and the request id', () => {
    const request = {
      socketId: '1.2',
      address: '203.0.113.7',
      requestId: null,
      userAgent: null,
      bearer: null,
      guestToken: null,
      sessionCookie: 'a',
      tenantId: null,
    } as never;
    const { credentials, ...rest } = userRequest(request, () => 'id');
    expect(credentials.map(({ kind, text }) => [kind, text.reveal()])).toEqual([
      ['session-cookie', 'a'],
    ]);
    expect(rest).toEqual({
      socketId: '1.2',
      constraints: { tenantIds: [] },
      origin: { requestId: 'id', address: '203.0.113.7', userAgent: undefined },
    });
  });

  it.each([42, ['a'], {}])('gets a refusal for %j in place of a text, and no error', (value) => {
    const request = { bearer: value, tenantId: value, address: value } as never;
    const { credentials, ...rest } = userRequest(request, () => 'id');
    expect(credentials.map(({ kind, text }) => [kind, text.reveal()])).toEqual([['bearer', '']]);
    expect(rest).toMatchObject({
      constraints: { tenantIds: [''] },
      origin: { address: '' },
    });
    expect(() => cursorOf(value)).toThrow('after is malformed; send the value of `next`');
  });
});

it('a closed instance reports that it is closed, not that its database is unavailable', async () => {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const usher = await createUsher({
    ...testEnvironment,
    DATABASE_URL: database.url.reveal(),
  });
  const client = { address: '203.0.113.7', socketId: '1.2', channelName: 'private-a' };
  expect(await usher.authorizeChannel(client)).toMatchObject({ code: 'unknown-channel' });
  await Promise.all([usher.close(), usher.close()]);
  for (const sendRequest of [
    () => usher.authorizeChannel(client),
    () => usher.authenticateUser(client),
    () => usher.listChannels(client),
    () => usher.reloadPolicy(),
  ]) {
    await expect(sendRequest()).rejects.toThrow(/^Usher is closed$/);
  }
  await usher.close();
});
