import { createHash } from 'node:crypto';

/**
 * Returns the id with which a stored session is revoked and found in the audit log. It is a hash, because a reader of
 * the log could use the session's key to log in at the application.
 */
export function sessionTokenId(framework: 'django' | 'laravel', key: string): string {
  return `${framework}:${createHash('sha256').update(key).digest('hex')}`;
}
