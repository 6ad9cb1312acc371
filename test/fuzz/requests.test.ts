import { expect, it } from 'vitest';
import { testNow } from '../support/tokens.ts';
import { useUsher } from '../support/usher.ts';
import { requestTarget, type Seen } from './requests.ts';
import { credentialsAt, fuzzed } from './world.ts';

const usher = useUsher({
  PUSHER_KEY: fuzzed.app.key,
  PUSHER_SECRET: fuzzed.app.secret,
  GUEST_TOKEN_SECRET: fuzzed.guestSecret,
  USER_TOKEN_SECRET: fuzzed.userSecret,
  CHAT_SERVER_KEYS: `chat:${fuzzed.chatSecret}`,
});

it('generated requests get no forbidden signature and no 500', async () => {
  const seen: Seen = { responses: 0, signatures: 0, forged: 0, broken: 0 };
  const target = requestTarget(usher.public, credentialsAt(testNow), seen);
  const { failure } = await target.run({ seed: 1, runs: 400 });
  expect(failure).toBeUndefined();
  expect(seen.signatures).toBeGreaterThan(0);
});
