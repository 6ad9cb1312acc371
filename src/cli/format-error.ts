import { ConfigurationError } from '../config/load.ts';
import { TransferRefused } from '../database/transfer/transfer-refused.ts';
import { PolicyError } from '../policy/policy-error.ts';
import { StartRefused } from '../runtime/start-refused.ts';
import { Unavailable } from '../runtime/unavailable.ts';

/** Errors whose messages are for the operator. */
const expectedErrors = [ConfigurationError, PolicyError, StartRefused, TransferRefused];

/** The setting of each dependency. */
const settingOf: Readonly<Record<string, string | undefined>> = {
  database: 'DATABASE_URL',
  redis: 'REDIS_URL',
  'host database':
    'DJANGO_DATABASE_URL, LARAVEL_DATABASE_URL, SANCTUM_DATABASE_URL or PASSPORT_DATABASE_URL',
  'host redis': 'LARAVEL_REDIS_URL',
  'token keys': '`keys` of the issuer in the policy, or the …_TOKEN_JWKS_URL settings',
  'session introspection': 'SESSION_INTROSPECTION_URL',
  'token introspection': 'INTROSPECTION_URL',
};

/** Formats an error that ends a program: a sentence for the operator, or the stack of an unhandled error. */
export function formatError(error: unknown): string {
  if (error instanceof Error && expectedErrors.some((kind) => error instanceof kind))
    return error.message;
  if (error instanceof Unavailable) {
    const { message: why = '' } = error.cause instanceof Error ? error.cause : {};
    const setting = settingOf[error.dependency];
    const change = setting === undefined ? '' : ` Start that server, or correct ${setting}.`;
    return `Usher cannot continue: ${error.message} (${why}).${change}`;
  }
  return String(error instanceof Error ? error.stack : error);
}
