import { describe, expect, it } from 'vitest';
import { channelRequest } from '../src/composition/library-requests.ts';
import { createUsher } from '../src/library.ts';

describe('a caller in JavaScript', () => {
  it.each([
    ['PUSHER_TLS', true],
    ['RATE_LIMIT_FAILURES', 60],
    ['ALLOWED_ORIGINS', ['https://a.example']],
  ])('learns that %s must be a string', async (name, value) => {
    await expect(createUsher({ [name]: value } as never)).rejects.toThrow(
      `The configuration has problems:\n  - ${name} must be a string, as in the environment`,
    );
  });

  it.each([undefined, null, ['1.2'], 1.2])(
    'passes on %j of a client as an empty field',
    (field) => {
      const request = { socketId: field, channelName: field, address: '203.0.113.7' } as never;
      expect(channelRequest(request, () => 'id')).toMatchObject({ socketId: '', channelName: '' });
    },
  );
});
