import type { AskHost } from '../policy/ask.ts';
import { askAuthZen } from './ask-authzen.ts';
import { askLaravel } from './ask-laravel.ts';
import type { FindHostSource } from './host-source.ts';

/** Creates the function that requests the application's decision about a channel. */
export function createAskHost(findSource: FindHostSource): AskHost {
  return async (request) => {
    const { ask } = request;
    const source = await findSource(ask.source);
    return ask.type === 'laravel'
      ? askLaravel(ask, request, source)
      : askAuthZen(ask, request, source);
  };
}
