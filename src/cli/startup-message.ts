import type { Addresses } from '../app.ts';
import { mintGuestToken } from '../authn/jwt/mint.ts';
import type { Config } from '../config/load.ts';
import { demo } from '../facts/demo-facts.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** A message for developers: the addresses of Usher, and a request that works as printed. */
export async function startupMessage(
  config: Config,
  at: Addresses,
  now: () => number,
): Promise<string> {
  const { hotelSlug, bookingId } = demo.booking;
  const channel = `private-hotel-${hotelSlug}-guest-chat-booking-${bookingId}`;
  const token = await demoToken(config, now);
  return `
Usher authorizes subscriptions to real-time channels.

  public    ${at.public}      for pusher-js and Laravel Echo
  operator  ${at.operator}      /livez, /readyz, /resources/…

${token === undefined ? '' : `Authorize a channel as a guest of the demo hotel:\n\n${curl(at, token, channel)}\n`}
The demo: hotel ${hotelSlug} with booking ${bookingId}, tenant ${demo.escrow.tenantId} with escrow ${demo.escrow.escrowId},
buyer ${demo.escrow.buyerId}, seller ${demo.escrow.sellerId}. A token for the buyer:

  npm run -s usher -- mint-token user --sub ${demo.escrow.buyerId} --tenant ${demo.escrow.tenantId}

This text, the demo, mint-token, and the default keys and secrets are for development.
With NODE_ENV=production none of them exist.
`;
}

/** `undefined` if guest tokens are signed elsewhere. */
async function demoToken(config: Config, now: () => number): Promise<string | undefined> {
  const { guestTokens } = config;
  if (guestTokens === undefined || !('secret' in guestTokens.keys)) return undefined;
  const { keys, expected, ...names } = guestTokens;
  const signing = { secret: keys.secret, lifetimeMs: dayMs, now, ...expected };
  return mintGuestToken(demo.booking, names, signing);
}

function curl(at: Addresses, token: string, channel: string): string {
  const url = `${at.public}/api/guest/hotel/${demo.booking.hotelSlug}/chat/pusher/auth?token=${token}`;
  return `  curl -s '${url}' -d socket_id=1234.5678 -d channel_name=${channel}\n`;
}
