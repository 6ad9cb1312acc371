import { parseRedisUrl } from '../redis/redis-url.ts';
import { Secret } from '../runtime/secret.ts';
import type { Setting } from './setting.ts';

/** Where Redis is, checked by the parser that the connection uses. */
export const redisUrl = (doc: string): Setting<Secret> => ({
  doc,
  parse: (text) => {
    const address = parseRedisUrl(text);
    return 'problem' in address ? address : { value: new Secret(text) };
  },
});
