import { describe, expect, it } from 'vitest';
import { ConfigurationError, loadConfig } from '../../src/config/load.ts';

function problemsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('the database', () => {
  it.each([
    'postgres://u:p@/db?host=/cloudsql/project:region:instance',
    'postgres://u:p@one:5432,two:5433/db',
    'postgres://u:p@one,two/db?target_session_attrs=read-write',
    'postgres://u:p@db/app?schema=public&connection_limit=5',
  ])('may be %s', (url) => {
    expect(problemsOf({ DATABASE_URL: url })).toEqual([]);
  });

  it.each([
    ['postgres://u:private@db:port/app', /must be a URL such as/],
    ['postgres://u:private/word@db/app', /special characters of the password are percent-encoded/],
    [
      'postgres://u:private@db/app?target_session_attrs=standby',
      /set its target_session_attrs=read-write/,
    ],
    ['postgres://u:private@db/app?schema=own', /use DATABASE_SCHEMA instead/],
  ])('cannot be %s, and a sentence says why', (url, why) => {
    const problems = problemsOf({ DATABASE_URL: url });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(why);
    expect(problems[0]).not.toContain('private');
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
    expect(problemsOf({ DATABASE_SCHEMA: schema })[0]).toMatch(/^DATABASE_SCHEMA must be a name/);
  });
});
