import type { AskRequest, AskResponse } from '../policy/ask.ts';
import { askAuthZen } from './ask-authzen.ts';
import { askLaravel } from './ask-laravel.ts';
import type { FindHostSource } from './host-client.ts';

/** Requests the application's decision about a channel. Throws `Unavailable`. */
export async function askApplication(
  request: AskRequest,
  findSource: FindHostSource,
): Promise<AskResponse> {
  const { ask } = request;
  const source = findSource(ask.source);
  return ask.type === 'laravel'
    ? askLaravel(ask, request, source)
    : askAuthZen(ask, request, source);
}
