import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatJUnit } from '../../src/cli/policy/junit.ts';
import { json, plain, startScriptedApplication } from '../application/scripted-application.ts';
import { runInProcess } from '../support/command-line.ts';
import { freePort } from '../support/free-port.ts';
import { runCommand } from '../support/program.ts';

const example = fileURLToPath(new URL('../../examples/policy.test.yaml', import.meta.url));

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** The policy of `policy init`, with its text changed. */
async function changed(file: string, from: string, to: string): Promise<string> {
  const directory = await temporary();
  await runInProcess(['policy', 'init', directory]);
  const path = join(directory, file);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
  return directory;
}

describe('policy init', () => {
  it('writes a policy that passes its tests, in a process without settings', async () => {
    const directory = join(await temporary(), 'new');
    const init = await runCommand(['policy', 'init', directory]);
    expect([init.code, init.stderr]).toEqual([0, '']);
    const { code, stdout } = await runCommand(['policy', 'test', directory], {
      env: { NODE_ENV: 'production' },
    });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^✓ .*policy\.test\.yaml: 5 cases/)]);
  });

  it('overwrites no file, and leaves no partial result', async () => {
    const directory = await temporary();
    const test = join(directory, 'policy.test.yaml');
    await writeFile(test, 'mine');
    const { code, stderr } = await runInProcess(['policy', 'init', directory]);
    expect([code, stderr]).toEqual([1, `${test} cannot be written: it already exists\n`]);
    expect(await readFile(test, 'utf8')).toBe('mine');
    await expect(readFile(join(directory, 'policy.yaml'))).rejects.toThrow('ENOENT');
  });
});

describe('policy check', () => {
  it('reports no problem of the shipped policies', async () => {
    const { code, stdout } = await runInProcess(['policy', 'check']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^The policy [0-9a-f]{16} is correct: 11 channels, 4 kinds of facts,/),
    ]);
  });

  it.each([
    ['user.id in facts', 'user.idd in facts', /:25:32: .*idd/],
    ['version: 1', 'version: 1\nchanels: {}', /:4:1: chanels .* nearest is channels/],
    ['status: { type: string', 'status: { type: strin', /:12:\d+: /],
    [
      '  private-project-{project}:',
      '  private-a-{project}: { params: { project: id }, allow: { user: { a: "true" } } }\n  presence-project-{project}x: { params: { project: id }, allow: { user: { a: "true" } }, member: { user: { id: user.id } } }\n  private-project-{project}:',
      /:\d+:3: Ambiguous/,
    ],
  ])('prints the place of each problem: %s', async (from, to, expected) => {
    const directory = await changed('policy.yaml', from, to);
    const junit = join(directory, 'report.xml');
    const args = ['policy', 'check', directory, '--junit', junit];
    const { code, stdout, stderr } = await runInProcess(args);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout.startsWith(join(directory, 'policy.yaml:'))).toBe(true);
    expect(stdout).toMatch(expected);
    expect(await readFile(junit, 'utf8')).toMatch(/<testsuites .*failures="[1-9]/);
  });

  it('prints the file and the line of a module', async () => {
    const directory = await temporary();
    const junit = join(directory, 'report.xml');
    await writeFile(join(directory, 'a.ts'), "\nthrow new Error('boom');\n");
    await runInProcess(['policy', 'check', directory, '--junit', junit]);
    expect(await readFile(junit, 'utf8')).toContain(`file="${join(directory, 'a.ts')}" line="2"`);
  });

  it('checks the facts of the demo, which are stored at the start', async () => {
    const directory = await temporary();
    const file = join(directory, 'a.yaml');
    const kind = 'course: { ids: [a], fields: { s: string } }';
    await writeFile(file, `facts: { ${kind} }\ndemo:\n  facts: { course: [{ a: x, s: 1 }] }\n`);
    const { code, stdout } = await runInProcess(['policy', 'check', directory]);
    expect([code, stdout]).toEqual([
      1,
      `${file}:3: a fact of the demo, course: body/s must be string\n`,
    ]);
  });

  it('accepts the names of several shipped policies, like POLICY', async () => {
    const { code, stdout } = await runInProcess(['policy', 'check', 'builtin:tenants,rooms']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('2 test files')]);
  });

  it('lists the shipped policies for an unknown one', async () => {
    const { code, stdout } = await runInProcess(['policy', 'check', 'builtin:nothing']);
    expect([code, stdout]).toEqual([1, expect.stringContaining('tenants')]);
  });
});

const twice = <T>(value: T): readonly T[] => [value, value];

describe('policy check --online', () => {
  it('requests each fact by HTTP with a made-up id, like check-config --online', async () => {
    const host = await startScriptedApplication();
    onTestFinished(host.stop);
    const directory = await temporary();
    const fact = (path: string, more = '') =>
      `{ ids: [id, user], fields: { a: string }, http: { source: host, path: '/${path}/{id}/{user}'${more} } }`;
    await writeFile(
      join(directory, 'policy.yaml'),
      `version: 1
sources: { host: { url: { env: HOST_URL }, token: { env: HOST_TOKEN } } }
facts:
  good: ${fact('good')}
  page: ${fact('page')}
  own: ${fact('own', ', forward: [cookie]')}
channels: { private-a: { allow: { user: { a: 'true' } } } }`,
    );
    host.respondWith = (response, request) => {
      const isPage = request.path.startsWith('/page');
      const html = { 'content-type': 'text/html' };
      (isPage ? plain(200, '<html>', html) : plain(404))(response, request);
    };
    const args = ['policy', 'check', '--online', directory];
    const { code, stdout } = await runInProcess(args, { HOST_URL: host.url, HOST_TOKEN: 'secret' });
    expect([code, stdout.split('\n').slice(1, 4)]).toEqual([
      1,
      [
        '✓ the source host can be queried for the fact good',
        '✗ the source host cannot be queried for the fact page: fact page: The content type of the response is not JSON',
        '– the source host was not checked for the fact own: the request needs headers of a visitor',
      ],
    ]);
    const config = await runInProcess(['check-config', '--online'], {
      HOST_URL: host.url,
      HOST_TOKEN: 'secret',
      POLICY: directory,
    });
    expect([config.code, config.stdout.split('\n').slice(-4, -1)]).toEqual([
      1,
      stdout.split('\n').slice(1, 4),
    ]);
    const offline = await runInProcess(['check-config'], {
      HOST_URL: host.url,
      HOST_TOKEN: 'secret',
      POLICY: directory,
    });
    expect([offline.code, offline.stdout]).toEqual([
      0,
      expect.stringMatching(/^The configuration is complete/),
    ]);
    const requests = host.requests.map(({ path, headers }) => [path, headers.authorization]);
    expect(requests.sort()).toEqual([
      ...twice(['/good/usher-check/usher-check', 'Bearer secret']),
      ...twice(['/page/usher-check/usher-check', 'Bearer secret']),
    ]);
  });
});

describe('policy check --online of an application that decides', () => {
  const ask = (more = '', isShadow = false) =>
    `ask: { laravel: { source: host${more}, forward: [cookie] }, shadow: ${isShadow} }`;
  const policy = `version: 1
sources: { host: { url: { env: HOST_URL } }, pdp: { url: { env: PDP_URL }, token: { env: PDP_TOKEN } } }
channels:
  private-a.{id}: { ${ask()} }
  private-b.{id}: { ${ask()} }
  private-c.{id}: { ${ask(', path: /watched', true)}, allow: { user: { a: 'true' } } }
  private-d.{id}: { params: { id: id }, ask: { authzen: { source: pdp } } }`;
  const check = async (host: string, pdp = host) => {
    const directory = await temporary();
    await writeFile(join(directory, 'policy.yaml'), policy);
    const { code, stdout } = await runInProcess(['policy', 'check', '--online', directory], {
      HOST_URL: host,
      PDP_URL: pdp,
      PDP_TOKEN: 'secret',
    });
    return { code, lines: stdout.trimEnd().split('\n').slice(1) };
  };

  it('sends each endpoint one request about a made-up channel, without a credential', async () => {
    const host = await startScriptedApplication();
    onTestFinished(host.stop);
    host.respondWith = (response, request) => {
      const isPdp = request.path.startsWith('/access/');
      (isPdp ? json({ decision: false }) : plain(403))(response, request);
    };
    expect(await check(host.url)).toEqual({
      code: 0,
      lines: [
        '✓ the source host can be queried for the endpoint /broadcasting/auth',
        '✓ the source host can be queried for the endpoint /watched',
        '✓ the source pdp can be queried for the endpoint /access/v1/evaluation',
      ],
    });
    const form = 'socket_id=1.1&channel_name=private-usher-check';
    const requests = host.requests.map(({ path, headers, body }) => {
      const { cookie, authorization } = headers;
      return [path, cookie ?? authorization, path.startsWith('/access') ? '' : body];
    });
    expect(requests.sort()).toEqual([
      ['/access/v1/evaluation', 'Bearer secret', ''],
      ['/broadcasting/auth', undefined, form],
      ['/watched', undefined, form],
    ]);
    const evaluation = host.requests.find(({ path }) => path.startsWith('/access'))?.body ?? '{}';
    expect(JSON.parse(evaluation)).toMatchObject({
      subject: { type: 'user', id: 'usher-check' },
      resource: { id: 'private-usher-check' },
    });
  });

  const of = (lines: readonly string[], endpoint: string) =>
    lines.find((line) => line.includes(` ${endpoint}:`));

  it.each([404, 405, 419, 422, 500])(
    'says that %i may be correct for a request without a credential',
    async (status) => {
      const host = await startScriptedApplication();
      onTestFinished(host.stop);
      host.respondWith = (response, request) => {
        const isPdp = request.path.startsWith('/access/');
        (isPdp ? json({ decision: true }) : plain(status))(response, request);
      };
      const { code, lines } = await check(host.url);
      expect([code, of(lines, '/broadcasting/auth')]).toEqual([
        0,
        `– the source host was not checked for the endpoint /broadcasting/auth: it responds with ${status} to a request without a credential`,
      ]);
    },
  );

  it('says that a redirect to a login page may be correct for such a request', async () => {
    const host = await startScriptedApplication();
    onTestFinished(host.stop);
    host.respondWith = (response, request) => {
      const isPdp = request.path.startsWith('/access/');
      const toLogin = plain(302, '', { location: '/login?next=%2Fbroadcasting%2Fauth' });
      (isPdp ? json({ decision: true }) : toLogin)(response, request);
    };
    const { code, lines } = await check(host.url);
    expect([code, of(lines, '/broadcasting/auth')]).toEqual([
      0,
      expect.stringMatching(/^– .*: it redirects .* to \/login; respond with 401 instead/),
    ]);
  });

  const [ofLaravel, ofPdp] = ['/broadcasting/auth', '/access/v1/evaluation'];
  const redirect = plain(301, '', { location: 'https://x.example' });
  it.each([
    [ofLaravel, plain(502), 'The response has status 502'],
    [ofLaravel, redirect, 'it redirects (status 301)'],
    [ofLaravel, plain(301, '', { location: '/broadcasting/auth/' }), 'it redirects (status 301)'],
    [ofLaravel, plain(302), 'it redirects (status 302)'],
    [ofPdp, plain(401), 'The response has status 401'],
    [ofPdp, json({}), 'The response has no decision'],
  ])('reports an endpoint %s that does not work', async (endpoint, respondWith, reason) => {
    const host = await startScriptedApplication();
    onTestFinished(host.stop);
    host.respondWith = respondWith;
    const { code, lines } = await check(host.url);
    expect([code, of(lines, endpoint)]).toEqual([1, expect.stringContaining(reason)]);
    expect(of(lines, endpoint)).toMatch(
      /^✗ the source (?:host|pdp) cannot be queried for the endpoint/,
    );
  });

  it('reports an application that cannot be reached', async () => {
    const { code, lines } = await check(`http://127.0.0.1:${await freePort()}`);
    const failed = lines.filter((line) => /^✗ .*ECONNREFUSED/.test(line));
    expect([code, failed.length]).toEqual([1, 3]);
  });
});

describe('policy test', () => {
  it.each(['policy test', 'policy-test'])(
    '%s runs a file with the shipped policies',
    async (name) => {
      const { code, stdout, stderr } = await runInProcess([...name.split(' '), example]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`✓ ${example}: 7 cases and `);
      expect(stdout).not.toContain('✗');
    },
  );

  it.each([
    ['policy.test.yaml', 'status: open', 'status: archived', 'not-allowed by “project is open”'],
    ['policy.test.yaml', "members: ['15', '16']", "members: ['15', '17']", '    is granted'],
    [
      'policy.test.yaml',
      'refuse: credential-missing',
      'refuse: revoked',
      'credential-missing, and not revoked',
    ],
    [
      'policy.yaml',
      'user.id in facts.project.members',
      'user.id != facts.project.status',
      'granted too: other user',
    ],
    ['policy.test.yaml', '} # archived', '} #', 'yaml: 5 cases'],
    [
      'policy.test.yaml',
      "project: '8', status: archived",
      "project: '8', status: lost",
      'must be one of open, archived',
    ],
    [
      'policy.test.yaml',
      'channel: private-project-8',
      'channel: private-project-9',
      'by “project is open”',
    ],
    ['policy.test.yaml', 'id: ’17’'.replaceAll('’', "'"), "idd: '17'", 'idd is not an attribute'],
  ])('%s with %s as %s: %s', async (...[file, from, to, expected]) => {
    const directory = await changed(file, from, to);
    const { code, stdout } = await runInProcess(['policy', 'test', directory]);
    expect([code, stdout]).toEqual([to === '} #' ? 0 : 1, expect.stringContaining(expected)]);
  });

  it('counts one case as one', async () => {
    const directory = await temporary();
    const channel = "about: all, params: {}, allow: { user: { has an id: user.id != '' } }";
    const policy = `channels: { private-news: { ${channel} } }`;
    const principals = "principals: { ada: { kind: user, id: '1' } }";
    const expected = 'expect: [{ who: ada, channel: private-news, grant: true }]';
    await writeFile(join(directory, 'policy.yaml'), policy);
    await writeFile(join(directory, 'policy.test.yaml'), `${principals}\n${expected}\n`);
    const { stdout } = await runInProcess(['policy', 'test', directory]);
    expect(stdout).toMatch(/policy\.test\.yaml: 1 (?:of 1 )?case and \d+ variations? of it/);
  });

  it('does not run a file twice, and fails without tests', async () => {
    const directory = await changed('policy.yaml', 'version: 1', 'version: 1');
    const test = join(directory, 'policy.test.yaml');
    const twice = await runInProcess(['policy', 'test', directory, test]);
    expect([twice.code, twice.stdout.split('✓').length]).toEqual([0, 2]);
    await rm(test);
    const none = await runInProcess(['policy', 'test', directory]);
    expect([none.code, none.stdout]).toEqual([1, expect.stringContaining('There are no tests')]);
  });

  it('prints the new form of a file in the old format', async () => {
    const path = join(await temporary(), 'policy.json');
    await writeFile(path, '{"who": {}, "facts": {}, "rows": []}');
    const { code, stderr } = await runInProcess(['policy-test', path]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\.test\.yaml[^]*expect:/)]);
  });
});

describe('policy show', () => {
  it('prints every part of the policy, as text and as JSON', async () => {
    const { stdout } = await runInProcess(['policy', 'show']);
    for (const part of [
      'private-chat-box',
      'fact room (roomId)',
      'POST /api/',
      '  answers  hotel',
      'WebSocket /ws/',
      'issuer ',
    ])
      expect(stdout).toContain(part);
    const json = await runInProcess(['policy', 'show', 'builtin:rooms', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      channels: [{ patterns: ['private-room-{roomId}', 'presence-room-{roomId}'] }],
      facts: [{ name: 'room', ids: ['roomId'] }],
    });
  });
});

describe('the JUnit report', () => {
  it('escapes texts', () => {
    const report = formatJUnit('a & b', [
      { file: 'x<y>.yaml', line: 3, name: '"quoted"\n\u0000', problems: ['] ]]> & \uD800'] },
      { file: 'x<y>.yaml', name: 'good', problems: [] },
    ]);
    expect(report).toContain('<testsuites name="a &amp; b" tests="2" failures="1">');
    expect(report).toContain('name="&quot;quoted&quot;&#10;\uFFFD"');
    expect(report).toContain('<failure message="] ]]&gt; &amp; \uFFFD"/>');
    expect(report).toContain('file="x&lt;y&gt;.yaml" line="3"');
  });
});
