import type { Setting } from './setting.ts';

type Extras = Omit<Setting<string>, 'parse' | 'doc'>;

const matching =
  (isValid: (value: string) => boolean, problem: string) =>
  (doc: string, extras: Extras = {}): Setting<string> => ({
    doc,
    parse: (value) => (isValid(value) ? { value } : { problem }),
    ...extras,
  });

const usedFields = ['socket_id', 'channel_name', 'guest_session', 'channel_data'];

/** A field of a request body, other than those with another meaning. */
export const fieldName = matching(
  (value) => /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value) && !usedFields.includes(value),
  `must be letters, digits, - and _, and none of ${usedFields.join(', ')}`,
);

/** A token of RFC 6265 §4.1.1. */
export const cookieName = matching(
  (value) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(value),
  'must be the name of a cookie',
);

/** The name of a cookie, or its beginning and `*`. A `*` alone would be the cookies of all applications of the site. */
export const cookieNames = matching(
  (value) => /^[A-Za-z0-9!#$%&'+.^_`|~-]{1,64}\*?$/.test(value),
  'must be the name of a cookie, or its beginning with * behind it',
);

/** A time zone of the IANA list, such as `Europe/Berlin`. */
export const timeZone = matching(isTimeZone, 'must be a time zone such as Europe/Berlin');

function isTimeZone(name: string): boolean {
  // "+02:00" is east of Greenwich for one of PostgreSQL and JavaScript, and west for the other.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A schema that PostgreSQL neither folds nor reserves: its name is the same with and without quotes. */
export const schemaName = matching(
  (value) => /^(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}$/.test(value),
  'must be a name of lower-case letters, digits and _, 63 characters at most, that does not begin with pg_ or a digit',
);

/** A table of an application's database, with or without its schema. */
export const tableName = matching(
  (value) => /^[A-Za-z_][A-Za-z0-9_]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_]{0,62})?$/.test(value),
  'must be the name of a table, such as users or public.users',
);

/** A guard of Laravel's `config/auth.php`. */
export const guardName = matching(
  (value) => /^[A-Za-z0-9_-]{1,64}$/.test(value),
  'must be the name of a guard, such as web',
);

/** A class of PHP with its namespace. */
export const phpClass = matching(
  (value) => /^[A-Za-z_][A-Za-z0-9_]*(?:\\[A-Za-z_][A-Za-z0-9_]*)*$/.test(value),
  'must be a class with its namespace, such as App\\Auth\\Guard, without a \\ in front',
);

/** True if paths and signatures can have the value unchanged. */
export const isPusherWord = (value: string): boolean => /^[A-Za-z0-9._~=+@!*-]{1,200}$/.test(value);

export const pusherWordProblem = 'must be letters, digits, and . _ - ~ = + @ ! * only';

/** The path of a Pusher server, with one `/` in front and none at the end; `undefined` if it is invalid. */
export function normalPath(value: string): string | undefined {
  const [, path] = /^\/?(.*?)\/?$/.exec(value) ?? [];
  const isValid = path?.split('/').every((part) => /^(?!\.{1,2}$)[A-Za-z0-9._~-]+$/.test(part));
  return isValid === true && value.length <= 200 ? `/${path}` : undefined;
}

export const pusherPathProblem =
  'must be a path such as /realtime, of letters, digits, and . _ ~ - only';

/** The path of a Pusher server. */
export const pusherPath = (doc: string): Setting<string> => ({
  doc,
  parse: (value) => {
    const path = normalPath(value);
    return path === undefined ? { problem: pusherPathProblem } : { value: path };
  },
});

/** The id, key or cluster of a Pusher app. */
export const pusherWord = matching(isPusherWord, pusherWordProblem);
