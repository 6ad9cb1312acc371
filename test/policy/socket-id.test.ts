import { expect, it } from 'vitest';
import { parseSocketId } from '../../src/policy/socket-id.ts';
import vectors from '../vectors/pusher-auth-vectors.json' with { type: 'json' };

it.each(['1.1', '123.456', '0.0', `${'9'.repeat(31)}.${'9'.repeat(32)}`])('%s is one', (text) => {
  expect(parseSocketId(text)).toBe(text);
});

it.each([
  ...vectors.refuse_socket_id.map(({ socket_id }) => socket_id),
  ...vectors.refuse_socket_id_own,
  '1.1:private-a',
  '1.1:',
  '١.١',
  `1.${'1'.repeat(63)}`,
])('%j is none', (text) => {
  expect(parseSocketId(text)).toBeUndefined();
});
