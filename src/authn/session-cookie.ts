import type { DjangoDatabase } from './django/django-rows.ts';
import { createDjangoSessionReader, type DjangoSettings } from './django/django-session.ts';
import type { CredentialReader } from './identify.ts';
import { createIntrospectionReader, type IntrospectionSettings } from './introspection.ts';

/** How the host's session cookie is verified: by Django's rules, or by introspection at the host. */
export type SessionSettings =
  | (DjangoSettings & { readonly mode: 'django'; readonly database: DjangoDatabase })
  | (Pick<IntrospectionSettings, 'url' | 'cookieName' | 'secret'> & {
      readonly mode: 'introspect';
    });

/** Creates the reader of the host's session cookie. */
export function createSessionCookieReader(
  settings: SessionSettings,
  deps: Pick<IntrospectionSettings, 'fetch' | 'now'>,
): CredentialReader {
  return settings.mode === 'django'
    ? createDjangoSessionReader(settings, { database: settings.database, now: deps.now })
    : createIntrospectionReader({ ...settings, ...deps });
}
