import type { Setting } from './setting.ts';

/** Fields that mean something else already. */
const taken = ['socket_id', 'channel_name', 'guest_session', 'channel_data'];

/** The name of a field of a body. */
export const fieldName = (doc: string): Setting<string> => ({
  doc,
  parse: (value) =>
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value) && !taken.includes(value)
      ? { value }
      : {
          problem: `must be letters, digits, - and _, and none of ${taken.join(', ')}`,
        },
});
