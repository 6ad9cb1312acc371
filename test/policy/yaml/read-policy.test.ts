import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../src/policy/yaml/problem.ts';
import { readAnswersFile } from '../../../src/policy/yaml/read-answers.ts';
import type { ReadFile, Unreadable } from '../../../src/policy/yaml/read-file.ts';
import { readPolicyTestFile } from '../../../src/policy/yaml/read-policy-test.ts';
import { readPolicyFile } from '../../../src/policy/yaml/read-policy.ts';

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const fixture = (name: string) => readFileSync(pathOf(`fixtures/${name}`));

function documentOf<Document>(read: ReadFile<Document> | Unreadable): Document {
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'));
  return read.document;
}

const problemsOf = (read: ReadFile<unknown> | Unreadable) =>
  'problems' in read
    ? read.problems.map((each) => formatProblem(each).slice('p.yaml:'.length))
    : [];

const policies = pathOf('../../../policies/');
const shipped = readdirSync(policies, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.ya?ml$/.test(file) && !file.includes('.test.'))
  .map((file) => [file] as const);

it.each(shipped)('policies/%s', (file) => {
  const content = readFileSync(`${policies}${file}`);
  if (file.startsWith('answers/')) {
    expect(documentOf(readAnswersFile(file, content)).otherwise.status).toBe(403);
  } else {
    const { channels, issuers } = documentOf(readPolicyFile(file, content));
    expect([...channels, ...issuers]).not.toHaveLength(0);
  }
});

describe('a policy', () => {
  it('has its short forms expanded, and its defaults', () => {
    const { facts, channels } = documentOf(readPolicyFile('p.yaml', fixture('school.yaml')));
    expect(facts[0]).toMatchObject({
      name: 'course',
      ids: ['school', 'course'],
      at: ['facts', 'course'],
      fields: {
        status: { type: 'string', optional: false, maxLength: 255, maxItems: 1000 },
        teachers: { type: 'list(string)', dateMeansEndOfDay: false },
      },
    });
    const at = ['channels', 'presence-class.{school}.{course}'];
    expect(channels).toHaveLength(1);
    expect(channels[0]).toMatchObject({
      at,
      forms: ['presence', 'private', 'private-encrypted'],
      memberOnPrivate: false,
      params: {
        school: 'id',
        course: { characters: '0-9a-f-', max: 12 },
      },
      facts: [
        { name: 'course', kind: 'course', optional: false },
        { name: 'seat', kind: 'enrolment', optional: true },
      ],
      allow: [
        {
          kind: 'user',
          checks: [
            {
              name: 'the course is open',
              rule: {
                text: "facts.course.status == 'open'",
                at: [...at, 'allow', 'user', 'the course is open'],
              },
            },
            { name: 'user teaches it or is enrolled' },
          ],
        },
      ],
      list: [
        {
          kind: 'user',
          queries: [{ type: 'fact', fact: 'enrolment', where: { user: { text: 'user.id' } } }],
        },
      ],
      member: [
        { kind: 'user', id: { text: 'user.id' }, info: [{ name: 'name' }, { name: 'teacher' }] },
      ],
    });
    expect(channels[0]?.facts[1]?.ids[2]).toEqual({
      text: 'user.id',
      at: [...at, 'facts', 'seat', 'ids', 2],
    });
  });

  it('may consist of `ask` channels only', () => {
    const { routes, doors, channels } = documentOf(readPolicyFile('p.yaml', fixture('lobby.yaml')));
    expect(channels).toEqual([]);
    expect(routes).toMatchObject([
      { path: '/api/guest/{hotel}/chat/auth', pins: { hotel: 'hotel' }, answers: 'hotel' },
    ]);
    expect(doors).toMatchObject([
      { path: '/ws/orders/{order}/', channel: 'private-order-{order}' },
    ]);
  });

  it('with a thousand channels is read from a file', () => {
    const family = (i: number) =>
      `  private-a${i}.{id}: { params: { id: id }, allow: { user: { its own: user.id == params.id } } }\n`;
    const text = `channels:\n${Array.from({ length: 1001 }, (_, i) => family(i)).join('')}`;
    const start = process.cpuUsage();
    const { channels } = documentOf(readPolicyFile('p.yaml', text.replace(family(1000), '')));
    const { user, system } = process.cpuUsage(start);
    expect(channels).toHaveLength(1000);
    expect((user + system) / 1e6).toBeLessThan(10);
    expect(problemsOf(readPolicyFile('p.yaml', text))).toEqual([
      '2:3: `channels` has 1001 entries; at most 1000 are allowed',
    ]);
  });
});

const channel = (lines: string, pattern = 'private-a') =>
  `channels:\n  ${pattern}:\n    ${lines.replaceAll('\n', '\n    ')}`;
const allow = 'allow: { user: { a: user.id != "" } }';

describe('a problem of a policy', () => {
  it.each<[string, ...string[]]>([
    ['[]', '1:1: the file must be a mapping, and is a list'],
    ['version: 2', '1:10: `version` must be 1'],
    [
      'principals: {}\nfacts: { a: [] }\nexpect: []',
      '3:1: expect is a key of a test of a policy; the name of a test ends in .test.yaml',
    ],
    ['chanels: {}', '1:1: chanels is not a key of a policy; the nearest is channels'],
    [channel(`alow: {}\n${allow}`), '3:5: alow is not a key of a channel; the nearest is allow'],
    [channel('about: x'), '2:3: a channel requires the key `allow`'],
    [channel('allow: {}'), '3:12: `allow` has no entry'],
    [channel('allow: { user: }'), '3:20: `user` must be a mapping, and is empty'],
    [
      channel('allow: { user: { a: true } }'),
      '3:25: `a` must be a string or a mapping, and is true or false: write it in quotes',
    ],
    [
      channel('allow: { user: { a: { rul: x } } }'),
      '3:22: a check requires the key `rule`',
      '3:27: rul is not a key of a check; the nearest is rule',
    ],
    [
      channel('allow: { user: { "12": x } }'),
      '3:22: 12 is not a check name: 1 to 120 characters on one line, with a letter',
    ],
    [
      channel('allow: { now: { a: x } }'),
      '3:14: now is a reserved word, and cannot be a kind of principal',
    ],
    [
      channel(`also: [presence]\n${allow}`),
      '2:3: a channel with a presence form requires the key `member`',
    ],
    [channel(`also: [private]\n${allow}`), '3:12: private is already the form of the pattern'],
    [
      channel(`also: [presense]\n${allow}`),
      '3:12: entry 1 of `also` is not a form: one of private, presence, private-encrypted, private-cache, presence-cache, private-encrypted-cache; the nearest is presence',
    ],
    [
      channel(`tenant: schol\nparams: { school: id }\n${allow}`, 'private-{school}'),
      '3:13: schol is not a parameter of this channel; the nearest is school',
    ],
    [
      channel(`params: { schol: id }\n${allow}`, 'private-{school}.{course}'),
      '3:5: `params` has no school: each parameter of the pattern needs its characters, such as `school: id`',
      '3:5: `params` has no course: each parameter of the pattern needs its characters, such as `course: id`',
      '3:15: schol is not a parameter of the pattern; the nearest is school',
    ],
    [
      channel(allow, 'private-{school}'),
      '2:3: `params` has no school: each parameter of the pattern needs its characters, such as `school: id`',
    ],
    [
      channel(`params: { a: { characters: z-a, max: 1 } }\n${allow}`, 'private-{a}'),
      '3:32: a range of characters must be of letters or of digits, such as a-z or 0-9',
    ],
    [
      channel(`params: { a: text }\n${allow}`),
      '3:18: the value of `a` is not a type of a parameter: one of id, int, uuid, slug',
    ],
    [
      channel(`params: { __proto__: id, in: id }\n${allow}`),
      '3:15: __proto__ is a reserved word, and cannot be a name',
      '3:30: in is a reserved word, and cannot be a name',
    ],
    [
      channel(`facts: { a: { ids: [1] } }\n${allow}`),
      '3:25: entry 1 of `ids` must be a string, and is a number: write it in quotes',
    ],
    [
      channel(`list: { user: { fact: a, where: { b: c }, params: {} } }\n${allow}`),
      '3:47: `params` does not go together with the other keys here',
    ],
    [
      channel(`list: { user: { fact: a } }\n${allow}`),
      '3:13: a list query requires the key `where`',
    ],
    [
      'channels:\n  public: 1',
      '2:3: public is not a channel pattern: begins with private-, presence- or private-encrypted-, then letters, digits, _-=@,.; and parameters in braces; at most 400 characters',
      '2:11: `public` must be a mapping, and is a number',
    ],
    [
      'facts:\n  a: { ids: [b], fields: { b: string }, tenant: c, path: /x }',
      '2:28: b is an id and a field of this kind of fact',
      '2:49: c is neither an id nor a field of this kind of fact; the nearest is b',
      '2:58: `path` must begin with /resources/',
      '2:58: the path must have each id once: {b}',
    ],
    [
      'facts:\n  a: { ids: [school, course], fields: {}, tenant: schol }',
      '2:51: schol is neither an id nor a field of this kind of fact; the nearest is school',
    ],
    [
      'facts:\n  a: { ids: [b], fields: { c: { type: int, max: 3 } } }',
      '2:39: the value of `type` is not a type of a field with max: one of string, list(string)',
    ],
    [
      'sources:\n  shop: { url: postgres://secret }',
      '2:16: `url` must be a mapping, and is a string',
    ],
    [
      'sources:\n  shop: { url: { env: shop_url } }',
      '2:23: the value of `env` is not a name of an environment variable: upper-case letters, digits and _',
    ],
    [
      'sources:\n  shop: { url: { file: url } }',
      '2:24: the value of `file` is not an absolute path: begins with /; a file with the URL, which is read when the policy is loaded',
    ],
    [
      'routes:\n  /a/{b}: { credential: { kind: user }, pins: { c: d } }',
      '2:13: a credential without query requires the key `field`',
    ],
    [
      'routes:\n  /a/{b}: { credential: { kind: user, field: x }, pins: { c: d } }',
      '2:59: c is not a parameter of the path; the nearest is b',
    ],
    [
      'issuers:\n  a: { kind: user, id: [b], attributes: { bb: { claim: c, type: string } } }',
      '2:25: b is not an attribute of this issuer; the nearest is bb',
    ],
    [
      'demo: { principals: { ada: { kind: user } }, subscribe: [{ who: ad, channel: private-x }] }',
      '1:65: ad is not a principal of this file; the nearest is ada',
    ],
  ])('%j', (text, ...expected) => {
    expect(problemsOf(readPolicyFile('p.yaml', text))).toEqual(expected);
  });

  it('is reported together with those of the syntax', () => {
    expect(problemsOf(readPolicyFile('p.yaml', 'a: 1\ncodes: {}\ncodes: {}'))).toEqual([
      '1:1: a is not a key of a policy; there are version, sources, facts, channels, routes, doors, issuers, codes, demo',
      '3:1: the key codes is repeated in this mapping',
    ]);
  });
});

describe('a test file', () => {
  it('has its expectations', () => {
    const test = documentOf(readPolicyTestFile('p.yaml', fixture('school.test.yaml')));
    expect(test.now).toBe(Date.UTC(2026, 10, 27, 12));
    expect(test.principals).toMatchObject([
      { name: 'ada', kind: 'user', values: { id: '15', tenant: 'north', roles: [] } },
    ]);
    expect(test.facts['course']).toMatchObject([
      { at: ['facts', 'course', 0], values: { teachers: ['15'] } },
    ]);
    expect(test.expect).toMatchObject([
      { who: 'ada', outcome: { grant: true }, alsoGranted: ['other prefix'] },
      { tenant: 'south', outcome: { refuse: 'tenant-mismatch' }, alsoGranted: [] },
      { route: '/api/guest/{hotel}/chat/auth', pins: { hotel: 'a' } },
    ]);
  });

  it.each<[string, ...string[]]>([
    ['expect: []', '1:9: `expect` has no entry'],
    [
      'facts: { a: { ids: [b] } }\nchannels: {}',
      '2:1: channels is a key of a policy; a name that ends in .test.yaml is that of a test',
    ],
    [
      'expect: [{ channel: a, grant: true, refuse: b }]',
      '1:24: `grant` does not go together with the other keys here',
    ],
    ['expect: [{ channel: a, grant: no }]', '1:31: `grant` must be true'],
    [
      'expect: [{ who: bob, channel: a, grant: true }]',
      '1:17: bob is not a principal of this file; there is none',
    ],
    [
      'now: 2026-02-29T12:00:00Z\nexpect: [{ channel: a, grant: true }]',
      '1:6: `now` is not a time that exists',
    ],
    [
      'now: 2026-02-28\nexpect: [{ channel: a, grant: true }]',
      '1:6: the value of `now` is not a time: a time such as 2026-11-27T12:00:00Z',
    ],
    [
      'principals: { a: { id: 15 } }\nexpect: [{ channel: a, grant: true }]',
      '1:15: a principal requires the key `kind`',
    ],
  ])('%j', (text, ...expected) => {
    expect(problemsOf(readPolicyTestFile('p.yaml', text))).toEqual(expected);
  });
});
