import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { runInProcess } from '../support/command-line.ts';
import { loadPolicyText } from '../support/load-policy-files.ts';

const site = fileURLToPath(new URL('../e2e/laravel-site/routes/channels.php', import.meta.url));

/** Runs the command for a file, and loads the resulting policy. */
async function init(php: string) {
  const directory = await mkdtemp(join(tmpdir(), 'usher-laravel-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'channels.php');
  await writeFile(file, php);
  return initFrom(file, join(directory, 'policy'));
}

async function initFrom(file: string, directory: string) {
  const { code, stdout, stderr } = await runInProcess([
    ...['policy', 'init', '--from', 'laravel', file, directory],
  ]);
  expect(stderr).toBe('');
  const path = join(directory, 'policy.yaml');
  const text = await readFile(path, 'utf8');
  const { channels } = await loadPolicy([directory]);
  const unread = stdout.split('\n').flatMap((line) => {
    const [, at, reason] = /:(\d+): not in the policy: (.*)$/.exec(line) ?? [];
    return at === undefined ? [] : [{ line: Number(at), reason }];
  });
  const patterns = channels.channelTypes.map(({ pattern }) => pattern.text);
  return { code, stdout, text, path, channels, patterns, unread };
}

/** Removes the `#` before each suggested `allow`. */
const uncommented = (text: string) =>
  text.replaceAll(/^ {4}# ((?: {2})?(?:allow|user|host_visitor):)/gm, '    $1');

const head = '<?php\nuse Illuminate\\Support\\Facades\\Broadcast;\n';
const fn = 'fn ($user) => true';

describe('policy init --from laravel', () => {
  it('writes a policy in which the application decides about each channel of a real site', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-laravel-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const { code, stdout, text, path, channels, patterns } = await initFrom(
      site,
      join(directory, 'policy'),
    );
    expect(code).toBe(0);
    expect(stdout).toContain(`It has 2 channels of ${site}.`);
    expect(patterns).toEqual(['private-App.Models.User.{id}', 'private-rooms.{room}']);
    for (const { forms, ask } of channels.channelTypes) {
      expect(forms).toEqual(['private', 'presence']);
      expect(ask).toMatchObject({
        type: 'laravel',
        source: 'host',
        path: '/broadcasting/auth',
        isShadow: false,
        forward: { headers: ['cookie', 'authorization', 'x-csrf-token', 'x-xsrf-token'] },
      });
    }
    expect(channels.matchText('presence-rooms.lobby')?.params).toEqual({ room: 'lobby' });
    expect(text).toContain('return (int) $user->id === (int) $id;');

    // The suggestions load as well, as shadow rules.
    await writeFile(path, uncommented(text));
    const { channels: next } = await loadPolicy([join(directory, 'policy')]);
    const [own, rooms] = next.channelTypes;
    expect([...own!.rules.keys()]).toEqual(['user', 'host_visitor']);
    const shadows = [own, rooms].map((each) =>
      each?.shadow?.side === 'rules' ? each.shadow.rules.get('user') : undefined,
    );
    const input = { params: { id: '15', room: 'a' }, facts: {}, now: new Date(0) };
    const checked = shadows.map((rules) =>
      rules?.check({ ...input, user: { id: '15', roles: [] } }).map(({ passed }) => passed),
    );
    // Only a person can translate any other closure.
    expect(checked).toEqual([[true], [false]]);
    expect(own!.rules.get('user')?.check({ ...input, user: { id: '16', roles: [] } })).toEqual([]);
  });

  it.each([
    [`Broadcast::channel("orders.{order}", ${fn});`, 'private-orders.{order}'],
    [`Broadcast::channel('orders.{order:slug}', ${fn});`, 'private-orders.{order}'],
    [`Broadcast::channel('a.{Order}.b.{userId}', ${fn});`, 'private-a.{order}.b.{userId}'],
    [`\\Broadcast::Channel('a', ${fn});`, 'private-a'],
    [`\\Illuminate\\Support\\Facades\\Broadcast::channel('a', ${fn});`, 'private-a'],
    [`use Illuminate\\Support\\Facades\\Broadcast as B; B::channel('a', ${fn});`, 'private-a'],
    [
      `use Illuminate\\Support\\Facades\\{Broadcast as B, Log}; B::channel('a', ${fn});`,
      'private-a',
    ],
    [
      `use App\\User, Illuminate\\Support\\Facades\\Broadcast as B; B::channel('a', ${fn});`,
      'private-a',
    ],
    [`Broadcast::connection('reverb')->channel('a', ${fn});`, 'private-a'],
    [`Broadcast::channel('a.{package}.{list}', ${fn});`, 'private-a.{package_}.{list}'],
    [`Broadcast :: channel( /* ' */ 'a' , // '\n OrderChannel::class , );`, 'private-a'],
    [`Broadcast::channel('a', 'App\\Broadcasting\\OrderChannel');`, 'private-a'],
    [`Broadcast::channel('a', [OrderChannel::class, 'join'], ['guards' => 'web']);`, 'private-a'],
    [`Broadcast::channel('a.' . 'b', ${fn});`, 'private-a.b'],
    [`Broadcast::channel(callback: ${fn}, channel: 'a');`, 'private-a'],
    [`if ($beta) { Broadcast::channel('a', ${fn}); }`, 'private-a'],
    [`#[A("x')")]\nBroadcast::channel('a', ${fn});`, 'private-a'],
    [
      `$t = "{$a["x"]} \\" '"; $h = <<<'EOT'\n ' " Broadcast::channel(\n EOT; Broadcast::channel('a', ${fn});`,
      'private-a',
    ],
    [`?> it's <b>text</b> <?php Broadcast::channel('a', ${fn});`, 'private-a'],
    [
      `Broadcast::channel('a', function ($user) { return "}" === ')' ?: [1, ['x' => '(']]; });`,
      'private-a',
    ],
  ])('reads %s', async (line, pattern) => {
    const { code, patterns, unread, text } = await init(head + line);
    expect([code, patterns, unread]).toEqual([0, [pattern], []]);
    await expectLoads(uncommented(text));
  });

  it('reads all calls of a chain, and those that differ only after the first dot', async () => {
    const { patterns } = await init(
      `${head}Broadcast::channel('a.{id}', ${fn})->channel('b.{id}', ${fn});\nBroadcast::channel('a.{id}.c', ${fn});`,
    );
    expect(patterns).toEqual(['private-a.{id}', 'private-b.{id}', 'private-a.{id}.c']);
  });

  it('leaves out only the channels in conflict of many', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `kind${i}.{id}.part.{part}`);
    const all = [...names, 'kind7.{id}.part.first', ...names.slice(3, 4)];
    const { patterns, unread } = await init(
      head + all.map((name) => `Broadcast::channel('${name}', ${fn});`).join('\n'),
    );
    const [first] = names.splice(3, 1);
    expect(patterns).toEqual([...names, first].map((name) => `private-${name}`));
    expect(unread).toEqual([
      { line: 6, reason: expect.stringContaining('Laravel uses the last one') as string },
      { line: 203, reason: expect.stringContaining('private-kind7.{id}.part.{part}') as string },
    ]);
  });

  it('ignores comments, strings and other classes', async () => {
    const { code, stdout, text } = await init(
      `${head}// Broadcast::channel('a', ${fn});\n# Broadcast::channel('b', ${fn});\n/* Broadcast::channel('c', ${fn}); */ $t = "Broadcast::channel('d', 1)"; Log::channel('slack')->info('x');`,
    );
    expect([code, text]).toEqual([0, expect.stringContaining('channels: {}')]);
    expect(stdout).toContain('It has 0 channels');
  });

  it('reads a call within the handler of another', async () => {
    const { code, patterns, text } = await init(
      `${head}Broadcast::channel('a', fn () => Broadcast::channel('b', ${fn}));`,
    );
    expect([code, patterns]).toEqual([0, ['private-a', 'private-b']]);
    expect(text).toContain('Laravel may not always declare it');
  });

  it('reads an opening tag in capital letters', async () => {
    const { code, patterns } = await init(`<?PHP \\Broadcast::channel('a', ${fn});`);
    expect([code, patterns]).toEqual([0, ['private-a']]);
  });

  it.each([
    'function ($user, $id) { return (int) $user->id === (int) $id; }',
    'fn (User $user, string $id): bool => (string) $user->id === (string) $id',
  ])('suggests the rule of the owner for %s', async (handler) => {
    const { text } = await init(`${head}Broadcast::channel('users.{id}', ${handler});`);
    expect(text).toContain('user: { user is the owner: { rule: user.id == params.id, ');
  });

  it.each([
    ["['guards' => 'web']", '# Guards: web.'],
    ["array('guards' => array('web', 'admin'))", '# Guards: web, admin.'],
    ["['guards' => ['web'], 'other' => 'x']", '# Guards: web.'],
    ["['guards' => ['web', Guard::ADMIN]]", '# Guards: see above.'],
    ["['guards' => config('a'), 'other' => 'x']", '# Guards: see above.'],
    ['$options', '# Guards: see above.'],
    ["['other' => 'x']", undefined],
  ])('lists the guards of %s', async (options, note) => {
    const { text } = await init(`${head}Broadcast::channel('a', ${fn}, ${options});`);
    expect(/# Guards: .*?\./.exec(text)?.[0]).toBe(note);
  });

  it('lists the guards, and prints each handler', async () => {
    const { text } = await init(
      `${head}Broadcast::channel('a', function ($user) {\n        return\u2028true;\r\n    },\n    ['guards' => ['web', 'admin']]);`,
    );
    expect(text).toContain('# Guards: web, admin.');
    expect(text).toContain('#       return?true;');
  });

  it('prints everything that it cannot read', async () => {
    const lines = [
      ['Broadcast::channel("kinds.{$kind}.{id}", fn ($user) => true)', 'not one literal text'],
      ["Broadcast::channel($prefix . '.a', fn ($user) => true)", 'not one literal text'],
      [
        'Broadcast::channel(\\App\\Models\\Order::class, $h)',
        'the name is App.Models.Order.{order}',
      ],
      ['Broadcast::channel(new Order, $h)', 'the name is Order.{order}'],
      ["Broadcast::channel('any.*', $h)", 'has no counterpart'],
      ["Broadcast::channel('chat/{room}', $h)", 'invalid character'],
      ["Broadcast::channel('a.{id}{b}', $h)", 'adjacent parameters'],
      ["Broadcast::channel('encrypted-a', $h)", 'private-encrypted channel'],
      ["Broadcast::channel('alone')", 'no handler'],
      ["$broadcaster->channel('mine', $h)", 'not those of $broadcaster'],
      ["app('x')->channel('mine', $h)", 'not those of another object'],
      ["call_user_func([Broadcast::class, 'channel'], 'b', $h)", 'not read, and may declare'],
      ["call_user_func('Broadcast::channel', 'b', $h)", 'not read, and may declare'],
      ["Broadcast::{'channel'}('b', $h)", 'not read, and may declare'],
      ["Broadcast::orderChannel('b', $h)", 'not read, and may declare'],
      ['Broadcast::channel(...)', 'are not literals'],
      ['Broadcast::channel(...$arguments)', 'are not literals'],
      ["Broadcast::routes(['prefix' => 'api'])", undefined],
      ["require __DIR__ . '/more.php';", 'run the command for it as well'],
      ['eval("Broadcast::channel(\'b\', \\$h)")', 'eval runs was not read'],
      ["$redis->eval('return 1')", undefined],
      ["Broadcast::channel('orders.new', $h)", 'private-orders.{order} matches this name too'],
      ["Broadcast::channel('{kind}.{id}.x', $h)", undefined],
      [
        "Broadcast::channel('orders.{id}.{x}', $h)",
        'private-{kind}.{id}.x matches some of its names',
      ],
      ["Broadcast::channel('orders.{order}', $old)", 'Laravel uses the last one'],
      ["Broadcast::channel('orders.{order}', $new)", undefined],
    ] as const;
    const php = `<?php\n${lines.map(([line]) => line.replace(/;?$/, ';')).join('\n')}`;
    const { code, text, patterns, unread } = await init(php);
    expect(code).toBe(1);
    expect(patterns).toEqual(['private-{kind}.{id}.x', 'private-orders.{order}']);
    const expected = lines.flatMap(([, reason], i) =>
      reason === undefined
        ? []
        : [{ line: i + 2, reason: expect.stringContaining(reason) as string }],
    );
    expect(unread).toEqual(expected);
    for (const [line, reason] of lines) {
      if (reason !== undefined) expect(text).toContain(line);
    }
  });

  it.each([
    [`Broadcast::channel('a', ${fn});\nBroadcast::channel('b', fn (`, 4, 'a call is not closed'],
    [`Broadcast::channel('a', ${fn});\n$x = 'it`, 4, 'a string is not closed'],
    [`Broadcast::channel('a', ${fn});\n$x = "it {$a["`, 4, 'a string is not closed'],
    [`Broadcast::channel('a', ${fn});\n/* it`, 4, 'a comment is not closed'],
  ])('reports the line where it cannot read the file: %s', async (lines, line, reason) => {
    const { code, unread } = await init(head + lines);
    expect([code, unread]).toEqual([1, [{ line, reason }]]);
  });

  it('does not overwrite a file, and requires one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-laravel-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, 'policy.yaml'), 'mine');
    const from = (...paths: string[]) =>
      runInProcess(['policy', 'init', '--from', 'laravel', ...paths]);
    expect(await from(site, directory)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('already exists') as string,
    });
    expect(await readFile(join(directory, 'policy.yaml'), 'utf8')).toBe('mine');
    expect((await from(join(directory, 'none.php'))).stderr).toContain('cannot be read');
    expect((await from()).code).toBe(2);
    expect((await from('a', 'b', 'c')).code).toBe(2);
    expect((await runInProcess(['policy', 'init', '--from', 'rails', 'x'])).code).toBe(2);
  });
});

async function expectLoads(text: string): Promise<void> {
  const { channels } = await loadPolicyText(text);
  expect(channels.shadowed.size).toBe(channels.channelTypes.length);
}
