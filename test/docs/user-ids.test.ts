import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { fromUserId, toUserId } from '../../src/policy/member.ts';
import { reportSkipped } from '../support/skipped.ts';

const page = readFileSync(new URL('../../docs/user-ids.md', import.meta.url), 'utf8');

/** Code of the page. */
function codeIn(language: string): string {
  const [, code] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(page) ?? [];
  if (code === undefined) throw new Error(`The page has no ${language}`);
  return code;
}

const ids = [
  ...['15', 'ada@example.com', 'auth0|5f7c8ec7', 'ada+work@example.com', 'user:15', 'José', '用户'],
  ...[
    '..',
    '.',
    '...',
    '=;',
    '=;a',
    '=;user=3A15',
    '=;=sha256=x',
    '=7C',
    'a=;b',
    'Ada Lovelace',
    '%',
  ],
  ...[
    "a!'()*~b",
    'a/b?c#d',
    '😀',
    '\n',
    '15\n',
    '0',
    'x'.repeat(128),
    'x'.repeat(129),
    'é'.repeat(255),
  ],
];

/** Each id as a user id at Pusher and elsewhere, and each of those as an id again; read from one JSON text. */
const expected = ids.map((id) => {
  const userIds = [toUserId(id, 128)!, toUserId(id, 1024)!] as const;
  return [...userIds, ...userIds.map(fromUserId)];
});

const programs = {
  js: {
    command: ['node', '--input-type=module', '-e'],
    script: `${codeIn('js')}
const all = JSON.parse(process.argv[1]).map((id) => {
  const userIds = [toUserId(id, 128), toUserId(id, 1024)];
  return [...userIds, ...userIds.map(toId)];
});
console.log(JSON.stringify(all));`,
  },
  php: {
    command: ['php', '-r'],
    script: `${codeIn('php')}
$all = array_map(function ($id) {
    $userIds = [toUserId($id, 128), toUserId($id, 1024)];
    return [...$userIds, ...array_map('toId', $userIds)];
}, json_decode($argv[1]));
echo json_encode($all);`,
  },
  python: {
    command: ['python3', '-c'],
    script: `${codeIn('python')}
import json, sys

def row(id):
    user_ids = [to_user_id(id, 128), to_user_id(id, 1024)]
    return user_ids + [to_id(each) for each in user_ids]

print(json.dumps([row(id) for id in json.loads(sys.argv[1])]))`,
  },
} as const;

describe('the code of docs/user-ids.md', () => {
  for (const [language, { command, script }] of Object.entries(programs)) {
    const [program, ...args] = command;
    const isThere = spawnSync(program, ['--version']).status === 0;
    if (!isThere) reportSkipped(language, `the ${language} of docs/user-ids.md`);
    it.skipIf(!isThere)(`converts in ${language} as Usher does`, () => {
      const { stdout, stderr } = spawnSync(program, [...args, script, JSON.stringify(ids)], {
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual(expected);
    });
  }
});

it('has a table with the results of Usher', () => {
  const rows = [
    ...page.matchAll(/^\| (?:`|<code>)([^`]+?)(?:`|<\/code>)(?:: .*?)? +\| `([^`]+)` /gm),
  ];
  const documented = rows.map(([, id = '', userId]) => [id.replace('&#124;', '|'), userId]);
  expect(documented.length).toBe(6);
  expect(documented).toEqual(documented.map(([id = '']) => [id, toUserId(id, 128)]));
});
