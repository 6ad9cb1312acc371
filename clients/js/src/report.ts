import type { Failure } from './post.ts';
import type { UsherAuthError } from './types.ts';
import type { Job } from './usher-auth.ts';

export function errorOf({ status, message, decisionId }: Failure): UsherAuthError {
  return Object.assign(new Error(message), { name: 'UsherAuthError', status, decisionId });
}

/**
 * Passes the error to pusher-js, which emits `pusher:subscription_error` or `pusher:signin_error`. pusher-js copies only
 * the message into the event, and the status only of errors of its own class. So status and decision id are added here.
 */
export function report({ link, channelName, callback }: Job, failure: Failure): void {
  const error = errorOf(failure);
  const target = channelName === undefined ? link?.pusher.user : link?.pusher.channel(channelName);
  if (target === undefined) {
    callback(error, null as never);
    return;
  }
  const { emit } = target;
  const { status, decisionId } = error;
  target.emit = (event, data, metadata) => {
    const isOurs = /^pusher:.*_error$/.test(event);
    const detailed = isOurs ? Object.assign({}, data, { status, decisionId }) : data;
    return emit.call(target, event, detailed, metadata);
  };
  try {
    callback(error, null as never);
  } finally {
    target.emit = emit;
  }
}
