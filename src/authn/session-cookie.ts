import {
  createDjangoSessionReader,
  type DjangoSettings,
  type DjangoDatabase,
} from './django/django-session.ts';
import type { CredentialReader } from './credential.ts';
import { createIntrospectionReader, type IntrospectionSettings } from './introspection.ts';
import type { LaravelApplication, LaravelSettings } from './laravel/laravel-application.ts';
import { createLaravelSessionReader } from './laravel/laravel-session.ts';

/** How the application's session cookie is verified: by the rules of Django or Laravel, or by introspection at the application. */
type SessionSettings =
  | (DjangoSettings & { readonly mode: 'django'; readonly database: DjangoDatabase })
  | (LaravelSettings & { readonly mode: 'laravel'; readonly application: LaravelApplication })
  | (Pick<IntrospectionSettings, 'url' | 'cookieName' | 'secret' | 'client' | 'attributes'> & {
      readonly mode: 'introspect';
    });

/** Creates the reader of the application's session cookie. */
export function createSessionCookieReader(
  settings: SessionSettings,
  { now }: { readonly now: () => number },
): CredentialReader {
  switch (settings.mode) {
    case 'django':
      return createDjangoSessionReader(settings, { database: settings.database, now });
    case 'laravel':
      return createLaravelSessionReader(settings, { application: settings.application, now });
    case 'introspect':
      return createIntrospectionReader({ ...settings, now });
  }
}
