import { describe, expect, it } from 'vitest';
import { buildPolicyOf } from '../../src/policy/load-policy.ts';
import { createTryPolicy } from '../../src/policy-test/try-policy.ts';
import { send, userRequest } from '../http/requests.ts';
import { useUsher } from '../support/usher.ts';

const headers = { 'content-type': 'application/json' };

const channel = (name: string, rest: string) => `  private-${name}.{id}:
    params: { id: id }
${rest}
`;
const simple = 'version: 1\nchannels:\n';
const kilobytes = (size: number, make: (i: number) => string) => {
  const parts: string[] = [];
  for (let length = 0, i = 0; length < size * 1024; i += 1) {
    const part = make(i);
    parts.push(part);
    length += part.length;
  }
  return parts.join('');
};
const doubled = Array.from({ length: 30 }, (_, i) => {
  return `  a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`;
});

/** Policies that could cost a parser, a compiler or a test much time or memory. */
const texts: Readonly<Record<string, string>> = {
  'aliases that multiply': `version: 1\nchannels:\n  a0: &a0 [1]\n${doubled.join('\n')}\n`,
  'an alias of itself': 'version: 1\nchannels: &a { private-x: *a }\n',
  'a merge key': 'version: 1\nbase: &b { a: 1 }\nchannels: { <<: *b }\n',
  'a huge list': `version: 1\nchannels: [${'1,'.repeat(60_000)}]\n`,
  'deep nesting': `version: 1\nchannels: ${'['.repeat(60_000)}`,
  'many anchors': simple + kilobytes(100, (i) => `  &a${i} k${i}: 1\n`),
  'names of prototypes': 'version: 1\n__proto__: { channels: {} }\nconstructor: 1\nchannels: {}\n',
  'a channel named __proto__': 'version: 1\nchannels: { __proto__: { allow: {} } }\n',
  'a tag of a program': 'version: 1\nchannels: !!js/function "process.exit(1)"\n',
  'many channels':
    simple + kilobytes(100, (i) => channel(`a${i}`, '    allow: { user: { c: "true" } }')),
  'patterns that overlap':
    simple +
    kilobytes(100, (i) => {
      return `  private-{a}.{b}.x${i}:\n    params: { a: id, b: id }\n    allow: { user: { c: "true" } }\n`;
    }),
  'a long expression':
    simple + channel('x', `    allow: { user: { c: "${'('.repeat(900)}true${')'.repeat(900)}" } }`),
  'NUL and control characters': 'version: 1\nchannels: "\u0000\u0007"\n',
  'no text': '',
};

describe('a hostile text for POST /policy/try', () => {
  const usher = useUsher();
  const tryText = (content: string) =>
    send(usher.operator, {
      path: '/policy/try',
      headers,
      body: JSON.stringify({ files: [{ name: 'policy.yaml', content }] }),
    });

  it.each(Object.entries(texts))(
    '%s: gets a response, and Usher continues to work',
    async (_name, content) => {
      const { status, text } = await tryText(content);
      expect([status, text.length < 200_000]).toEqual([200, true]);
      expect((await send(usher.public, userRequest())).status).toBe(200);
    },
  );

  it('reads no environment variable and no file, and sends no request', async () => {
    const secret = 'test-pusher-secret';
    const { status, text } = await tryText(`version: 1
sources: { shop: { url: { env: PUSHER_SECRET } }, disk: { url: { file: /etc/passwd } } }
facts:
  a: { ids: [id], fields: { x: string }, http: { source: shop, path: '/x/{id}' } }
issuers:
  evil:
    kind: user
    keys: { jwks: 'http://127.0.0.1:1/keys' }
    audience: [a]
    claims: { id: sub }
channels:
${channel('x', '    facts: { a: [params.id] }\n    allow: { user: { c: facts.a.x == user.id } }')}`);
    expect(status).toBe(200);
    expect(text).not.toContain(secret);
    expect(text).not.toContain('root:');
  });
});

it('a long test ends at its timeout, and other tests run at the same time', async () => {
  const roles = Array.from({ length: 1000 }, (_, i) => `r${i}`).join(', ');
  const slow = `user.roles.exists(r, (r + 'x') in user.roles || (r + 'y') in user.roles) || true`;
  const checks = Array.from({ length: 20 }, (_, i) => `        c${i}: "${slow}"`);
  const policy = `${simple}${channel('own', `    allow:\n      user:\n${checks.join('\n')}`)}`;
  const cases = Array.from({ length: 500 }, (_, i) => {
    return `  - { who: a, channel: private-own.${i}, grant: true }`;
  });
  const tests = `version: 1
principals: { a: { kind: user, id: '1', roles: [${roles}] } }
expect:
${cases.join('\n')}
`;
  const current = await buildPolicyOf([{ name: 'policy.yaml', content: policy }]);
  let others = 0;
  const tick = () => {
    others += 1;
    timer = setImmediate(tick);
  };
  let timer = setImmediate(tick);
  const tryPolicy = createTryPolicy({
    policy: () => current,
    find: () => Promise.resolve(undefined),
    findDecisions: () => Promise.resolve({ decisions: [], next: undefined }),
    encrypts: () => true,
    caches: () => true,
    userIdOf: () => undefined,
    // A second passes with each decision.
    now: () => others * 1_000,
  });
  const files = [
    { name: 'policy.yaml', content: policy },
    { name: 'policy.test.yaml', content: tests },
  ];
  const trial = await tryPolicy(files);
  clearImmediate(timer);
  expect(trial).toMatchObject({ tests: { results: [], notRun: 500 } });
  expect(others).toBeGreaterThan(4);
});
