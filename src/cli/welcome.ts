import type { Addresses } from '../app.ts';
import { mintGuestToken } from '../authn/jwt/mint.ts';
import type { Config } from '../config/load.ts';
import { demo } from '../facts/demo-facts.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** The text that greets a developer: where Usher listens, and a request that works as printed. */
export async function startupMessage(
  config: Config,
  at: Addresses,
  now: () => number,
): Promise<string> {
  const { hotelSlug, bookingId } = demo.booking;
  const channel = `private-hotel-${hotelSlug}-guest-chat-booking-${bookingId}`;
  const request = await demoRequest(config, now);
  return `
Usher decides who may enter a real-time channel.

  public    ${at.public}      pusher-js and Laravel Echo ask here
  operator  ${at.operator}      /livez, /readyz, /resources/…

${request === undefined ? '' : `Ask for a channel as a guest of the demo hotel:\n\n${curl(at, request, channel)}\n`}
The demo: hotel ${hotelSlug} with booking ${bookingId}, tenant ${demo.escrow.tenantId} with escrow ${demo.escrow.escrowId},
buyer ${demo.escrow.buyerId}, seller ${demo.escrow.sellerId}. A token for the buyer:

  npm run -s usher -- mint-token user --sub ${demo.escrow.buyerId} --tenant ${demo.escrow.tenantId}

Only for development: this text, the demo, mint-token, and default keys and secrets.
With NODE_ENV=production none of them exist.
`;
}

/** Signed with the configured secret; where guests' tokens are somebody else's to sign there is nothing to show. */
async function demoRequest(config: Config, now: () => number): Promise<string | undefined> {
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
