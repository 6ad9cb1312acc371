import type { Member } from '../policy/decision.ts';
import type { UserInfoIds } from './signing-style.ts';

/**
 * Writes `user_info.id` as asked. Only a text that is exactly how JavaScript prints a safe integer becomes a number: `007` and
 * `9007199254740993` would come back as another id. `user_id` stays a text, which Pusher's protocol asks for.
 */
export function withIds(info: Member['user_info'], ids: UserInfoIds): Member['user_info'] {
  const id = info?.['id'];
  const number = Number(id);
  const isExact = Number.isSafeInteger(number) && String(number) === id;
  return ids === 'number' && isExact ? { ...info, id: number } : info;
}
