import { readPostgresUrl } from '../database/postgres-url.ts';
import { Secret } from '../runtime/secret.ts';
import { text, type Setting } from './setting.ts';

/** The URL of a PostgreSQL server, or of several. */
export const postgres = (doc: string): Setting<Secret> => ({
  doc,
  parse: (value) => {
    if (!/^postgres(?:ql)?:\/\//.test(value)) {
      return { problem: 'must be an address that begins with postgres:// or postgresql://' };
    }
    return readPostgresUrl(value) === undefined
      ? {
          problem:
            'must be a URL such as postgresql://user:password@host:5432/database: several hosts are separated by commas, ' +
            'a Unix socket is ?host=/directory, and special characters of the password are percent-encoded',
        }
      : { value: new Secret(value) };
  },
});

/** A name that PostgreSQL neither folds nor keeps for itself, so that it is the same with and without quotes. */
export const schemaName = (doc: string, fallback: string): Setting<string> => ({
  ...text(doc, { fallback }),
  parse: (value) =>
    /^(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}$/.test(value)
      ? { value }
      : {
          problem:
            'must be a name of lower-case letters, digits and _, 63 characters at most, that does not begin with pg_ or a digit',
        },
});
