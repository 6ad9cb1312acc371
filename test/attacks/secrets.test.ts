import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.includes('generated/'))
  .map((file) => [file, readFileSync(join(src, file), 'utf8')] as const);

const comparison = /([\w.?()']+) [!=]==? ([\w.?()']+)/g;
const isSecret = (side: string) => /(reveal\(\)|signature|mac|digest|hash|secret)\)*$/i.test(side);
/** A comparison with a constant does not compare a secret. */
const isNothing = (side: string) => /^(undefined|null|'\w*'|[0-9]+)\)*$/.test(side);

/**
 * True for a line that compares a secret, a signature or a hash of a credential with an operator that stops at the first
 * difference.
 */
const isUnsafe = (line: string) =>
  [...line.matchAll(comparison)].some(([, left = '', right = '']) => {
    const sides = [left, right];
    return sides.some(isSecret) && !sides.some(isNothing);
  });

/** Comparisons that no client can trigger: of one setting or file with another. */
const atStart: readonly string[] = [
  'config/load.ts',
  'config/current-config.ts',
  'config/secret-files.ts',
  'database/servers.ts',
  'redis/client.ts',
  'runtime/reopenable.ts',
  'config/secret-rotation.ts',
  'config/pusher.ts',
  'pusher/apps.ts',
  'config/read.ts',
  // The hash of the policy's files, which every decision shows.
  'policy/current-policy.ts',
];

const comparisons = (text: string) => text.split('\n').filter(isUnsafe);

describe('a secret', () => {
  it.each([
    'if (shown === expected.reveal())',
    'return secret.reveal() === shown;',
    'return signature !== computed;',
    'return row.tokenHash === hash;',
    'if (mac == other)',
    'return text === token.hash;',
  ])('the pattern of this test finds %j', (line) => {
    expect(comparisons(line)).toEqual([line]);
  });

  it('is never compared with === in code that reads requests', () => {
    const found = files
      .filter(([file]) => !atStart.includes(file))
      .flatMap(([file, text]) => comparisons(text).map((line) => `${file}: ${line.trim()}`));
    expect(found).toEqual([]);
  });

  it.each([
    ['authn/constant-time.ts', 'timingSafeEqual'],
    ['authn/chat-servers.ts', 'equalsConstantTime'],
    ['authn/jwt/hmac-signature.ts', 'timingSafeEqual'],
    ['authn/sanctum.ts', 'equalsConstantTime'],
    ['authn/django/django-signature.ts', 'equalsConstantTime'],
    ['pusher/webhooks/read-webhook.ts', 'timingSafeEqual'],
    ['http/routes/operator/guard.ts', 'timingSafeEqual'],
  ])('is compared in constant time in %s', (file, comparison) => {
    expect(files.find(([name]) => name === file)?.[1]).toContain(`${comparison}(`);
  });
});
