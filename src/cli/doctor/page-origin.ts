import type { Config } from '../../config/load.ts';

/**
 * The origin of a page, for the requests of the doctor. If every origin is allowed, any origin can be tested; the same holds
 * for the label of a wildcard.
 */
export function pageOrigin({
  allowedOrigins: [first],
}: Pick<Config, 'allowedOrigins'>): string | undefined {
  return first === '*' ? 'https://usher-doctor.example' : first?.replace('*', 'usher-doctor');
}
