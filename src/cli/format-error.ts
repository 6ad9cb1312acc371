import { ConfigurationError } from '../config/load.ts';
import { TransferRefused } from '../database/transfer/transfer-refused.ts';
import { StartRefused } from '../runtime/start-refused.ts';
import { Unavailable } from '../runtime/unavailable.ts';

/** Errors whose messages are sentences for the operator. */
const expectedErrors = [ConfigurationError, StartRefused, TransferRefused];

/** Where each dependency is configured. */
const settingOf: Readonly<Record<string, string | undefined>> = {
  database: 'DATABASE_URL',
  redis: 'REDIS_URL',
  'host database': 'DJANGO_DATABASE_URL or SANCTUM_DATABASE_URL',
  'token keys': 'the …_TOKEN_JWKS_URL settings',
  'session introspection': 'SESSION_INTROSPECTION_URL',
};

/** What a program of ours says when it cannot go on: a sentence for what the operator can mend, the stack for what only we can. */
export function formatError(error: unknown): string {
  if (error instanceof Error && expectedErrors.some((kind) => error instanceof kind))
    return error.message;
  if (error instanceof Unavailable) {
    const { message: why = '' } = error.cause instanceof Error ? error.cause : {};
    const setting = settingOf[error.dependency];
    const change = setting === undefined ? '' : ` Start that server, or correct ${setting}.`;
    return `Usher cannot go on: ${error.message} (${why}).${change}`;
  }
  return String(error instanceof Error ? error.stack : error);
}
