import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { problems } from './environments.ts';

describe('the database', () => {
  it.each([
    'postgres://u:p@/db?host=/cloudsql/project:region:instance',
    'postgres://u:p@one:5432,two:5433/db',
    'postgres://u:p@one,two/db?target_session_attrs=read-write',
    'postgres://u:p@db/app?schema=public&connection_limit=5',
  ])('may be %s', (url) => {
    expect(problems({ DATABASE_URL: url })).toEqual([]);
  });

  it.each([
    ['postgres://u:private@db:port/app', /must be a URL such as/],
    ['postgres://u:private/word@db/app', /special characters of the password are percent-encoded/],
    [
      'postgres://u:private@db/app?target_session_attrs=standby',
      /set its target_session_attrs=read-write/,
    ],
    ['postgres://u:private@db/app?schema=own', /use DATABASE_SCHEMA instead/],
  ])('cannot be %s, and the message gives the reason', (url, why) => {
    const found = problems({ DATABASE_URL: url });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(why);
    expect(found[0]).not.toContain('private');
  });

  it.each(['usher', 'public', '_x', 'u2', 'user', 'a'.repeat(63)])(
    'may have its tables in the schema %s',
    (schema) => {
      expect(loadConfig({ DATABASE_SCHEMA: schema }).database.schema).toBe(schema);
    },
  );

  it.each([
    'Usher',
    'pg_own',
    'information_schema',
    '2u',
    'a b',
    'a"; DROP',
    'ü',
    '$user',
    'a'.repeat(64),
  ])('cannot have its tables in the schema %s', (schema) => {
    expect(problems({ DATABASE_SCHEMA: schema })[0]).toMatch(/^DATABASE_SCHEMA must be a name/);
  });
});
