import { expect, it } from 'vitest';
import { readPostgresUrl } from '../../src/database/postgres-url.ts';

it.each<readonly [string, readonly string[]]>([
  ['postgres://u:p@db/app', ['postgres://u:p@db/app']],
  ['postgresql://db', ['postgresql://db/']],
  ['postgres://u:p@[::1]:5433/app', ['postgres://u:p@[::1]:5433/app']],
  [
    'postgres://u:p@/app?host=/cloudsql/a:b:c',
    ['postgres://u:p@/app?host=%2Fcloudsql%2Fa%3Ab%3Ac'],
  ],
  ['postgres://u@localhost:5433/app?host=a', ['postgres://u@localhost:5433/app?host=a']],
  ['postgres:///app?host=/run/postgresql', ['postgres:///app?host=%2Frun%2Fpostgresql']],
  [
    'postgres://u:p@a:5432,b:5433/app?sslmode=require',
    ['postgres://u:p@a:5432/app?sslmode=require', 'postgres://u:p@b:5433/app?sslmode=require'],
  ],
  ['postgres://u@a,b/app', ['postgres://u@a/app', 'postgres://u@b/app']],
  [
    'postgres://u@/app?host=a,b&port=1,2',
    ['postgres://u@/app?host=a&port=1', 'postgres://u@/app?host=b&port=2'],
  ],
  [
    'postgres://u@/app?host=a,b&port=6432',
    ['postgres://u@/app?host=a&port=6432', 'postgres://u@/app?host=b&port=6432'],
  ],
])('returns the servers of %s', (url, servers) => {
  expect(readPostgresUrl(url)?.urls).toEqual(servers);
});

it.each([
  'mysql://db/app',
  'postgres://u:p@db:port/app',
  'postgres://u:p@db:70000/app',
  'postgres://u:p/q@db/app',
  'postgres://u:p#q@db/app',
  'postgres://u@/app?host=a,b,c&port=1,2',
  'postgres://u@/app?host=a&port=0',
  'nonsense',
])('cannot parse %s', (url) => {
  expect(readPostgresUrl(url)).toBe(undefined);
});

it('reports parameters that the driver does not support', () => {
  const { schema, target } = readPostgresUrl(
    'postgres://db/a?schema=s&target_session_attrs=primary',
  )!;
  expect([schema, target]).toEqual(['s', 'primary']);
});
