import type { AskRequest, AskResponse } from '../policy/ask.ts';
import { askAuthZen } from './ask-authzen.ts';
import { askLaravel } from './ask-laravel.ts';
import type { FindHttpSource } from './application-client.ts';

/** Requests the application's decision about a channel. Throws `Unavailable`. */
export async function askApplication(
  request: AskRequest,
  findSource: FindHttpSource,
): Promise<AskResponse> {
  const { ask } = request;
  const source = findSource(ask.source);
  return ask.type === 'laravel'
    ? askLaravel(ask, request, source)
    : askAuthZen(ask, request, source);
}
