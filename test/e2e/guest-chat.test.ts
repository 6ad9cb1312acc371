import { createHmac } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { postForm, requestJson } from './support/requests.ts';
import { auditRow } from './support/audit.ts';
import { nextEvent } from './support/clients.ts';
import { type Deployment, pageOrigin, startDeployment } from './support/deployment.ts';
import {
  channelOf,
  type GuestPages,
  hotel,
  openGuestPages,
  socketId,
  type Visit,
} from './support/guest-pages.ts';
import { secondsNow } from './support/tokens.ts';

let deployment: Deployment;
let pages: GuestPages;

beforeAll(async () => {
  deployment = await startDeployment();
  pages = openGuestPages(deployment);
});
afterEach(() => {
  pages.close();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

/** The whole body of a grant. soketi does not sign `channel_data`. */
function grantBody(channelName: string, channelData: string): string {
  const { key, secret } = deployment.soketi;
  const signed = createHmac('sha256', secret).update(`${socketId}:${channelName}`).digest('hex');
  return `{"auth":"${key}:${signed}","channel_data":${JSON.stringify(channelData)}}`;
}

describe('a guest with a booking', () => {
  it('subscribes, and receives messages of the hotel', async () => {
    const visit = await pages.newVisit();
    const client = pages.connect(visit);
    expect(await client.subscribe(visit.channelName)).toEqual({ ok: true });
    const message = nextEvent(client.pusher.channel(visit.channelName), 'message');
    await deployment.publisher.trigger(visit.channelName, 'message', { text: 'Welcome' });
    expect(await message).toEqual({ text: 'Welcome' });
  });

  it('gets the exact response that existing clients parse', async () => {
    const visit = await pages.newVisit();
    const { status, text } = await pages.requestFor(visit);
    const data = `{"user_id":"guest_${visit.bookingId}","user_info":{"name":"Guest","booking_id":"${visit.bookingId}"}}`;
    expect({ status, text }).toEqual({ status: 200, text: grantBody(visit.channelName, data) });
  });

  it('gets the room number if the booking has one', async () => {
    const visit = await pages.newVisit({ room_number: '101' });
    const { text } = await pages.requestFor(visit);
    const data = `{"user_id":"guest_${visit.bookingId}","user_info":{"name":"Guest","booking_id":"${visit.bookingId}","room_number":"101"}}`;
    expect(text).toBe(grantBody(visit.channelName, data));
  });

  it('may send JSON, with the token in the query or the body, and a trailing slash', async () => {
    const { channelName, token } = await pages.newVisit();
    const fields = { socket_id: socketId, channel_name: channelName };
    const responses = await Promise.all([
      postForm(pages.endpoint(), { ...fields, token }),
      postForm(`${pages.endpoint()}?token=${token}`, fields),
      postForm(`${pages.endpoint()}/?token=${token}`, { ...fields, token }),
      requestJson('POST', `${pages.endpoint()}?token=${token}`, { ...fields, token }),
    ]);
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
  });

  it('is granted until the stay is over', async () => {
    const checkOut = new Date(Date.now() + 60_000).toISOString();
    expect(await pages.enter(await pages.newVisit({ check_out: checkOut }))).toEqual({ ok: true });
  });
});

type Change = (valid: Visit) => Visit | Promise<Visit>;

const withToken =
  (make: (bookingId: string) => string): Change =>
  (valid) => ({ ...valid, token: make(valid.bookingId) });
const withChannel =
  (make: (bookingId: string) => string): Change =>
  (valid) => ({ ...valid, channelName: make(valid.bookingId) });
const afterChange =
  (facts: () => object): Change =>
  async (valid) => {
    await pages.putBooking(valid.bookingId, facts());
    return valid;
  };

/** Each changes one value of a visit that would be granted. */
const refusals: Readonly<Record<string, Readonly<Record<string, Change>>>> = {
  'Hotel access denied': {
    'another hotel in the URL': (valid) => ({ ...valid, hotelInUrl: 'sea-view' }),
    'a token of another hotel': withToken((booking_id) =>
      deployment.tokens.guest({ booking_id, hotel_slug: 'sea-view' }),
    ),
    'the channel and the URL of another hotel': (valid) => ({
      ...valid,
      hotelInUrl: 'sea-view',
      channelName: valid.channelName.replace(hotel, 'sea-view'),
    }),
  },
  'Channel access denied - booking mismatch': {
    'the booking of another guest': async (valid) => ({
      ...valid,
      channelName: (await pages.newVisit()).channelName,
    }),
    'a cancelled booking of another guest': async (valid) => ({
      ...valid,
      channelName: (await pages.newVisit({ status: 'cancelled' })).channelName,
    }),
    'a booking that does not exist': withChannel(() => channelOf('BK-0000-NOBODY')),
  },
  'Invalid token or booking not found': {
    'a token for a booking that does not exist': () => pages.visitOf('BK-0000-NOBODY'),
    'a booking that was cancelled': afterChange(() => ({ status: 'cancelled' })),
    'a stay that is over': afterChange(() => ({ check_out: new Date().toISOString() })),
  },
  'Token expired or invalid': {
    'an expired token': withToken((booking_id) =>
      deployment.tokens.guest({ booking_id, exp: secondsNow() - 1 }),
    ),
    'a token without an expiry': withToken((booking_id) =>
      deployment.tokens.guest({ booking_id, exp: undefined }),
    ),
    'an unsigned token': withToken((booking_id) =>
      deployment.tokens.guest({ booking_id }, 'nobody'),
    ),
    'a token with another secret': withToken((booking_id) =>
      deployment.tokens.guest({ booking_id }, { secret: 'another secret of 32 bytes at least' }),
    ),
    'a user’s token': withToken(() => deployment.tokens.user()),
    'a text that is not a token': withToken(() => 'letmein'),
  },
  'Invalid channel format': {
    'the staff’s channel': withChannel(() => `private-hotel-${hotel}-staff`),
    'the staff’s chat of the booking': withChannel(
      (id) => `private-hotel-${hotel}-staff-chat-booking-${id}`,
    ),
    'a wildcard': withChannel(() => channelOf('*')),
    'no booking': withChannel(() => channelOf('')),
    'a longer name': withChannel((id) => `${channelOf(id)}.x y`),
    'a prefix': withChannel((id) => `private-${channelOf(id)}`),
    'the presence form': withChannel((id) => channelOf(id).replace('private', 'presence')),
    'the encrypted form': withChannel((id) =>
      channelOf(id).replace('private', 'private-encrypted'),
    ),
    'a channel of another system': withChannel(() => 'private-tenant.1.user.15'),
  },
};

describe.each(Object.entries(refusals))('a guest is refused with "%s"', (message, changes) => {
  it.each(Object.entries(changes))('for %s', async (_name, change) => {
    const valid = await pages.newVisit();
    expect(await pages.enter(valid)).toEqual({ ok: true });
    const invalid = await change(valid);
    expect(await pages.enter(invalid)).toEqual({ ok: false, status: 403 });
    const { status, text } = await pages.requestFor(invalid);
    expect({ status, text }).toEqual({
      status: 403,
      text: `{"error":"Forbidden","message":"${message}"}`,
    });
  });
});

describe('a malformed request is refused:', () => {
  it('with two tokens that differ, even if both are valid', async () => {
    const visit = await pages.newVisit();
    const [booking_id, jti] = [visit.bookingId, 'another'];
    const client = pages.connect(visit, deployment.tokens.guest({ booking_id, jti }));
    expect(await client.subscribe(visit.channelName)).toEqual({ ok: false, status: 400 });
  });

  it('without a token, a socket or a channel', async () => {
    const { channelName, token } = await pages.newVisit();
    const whole: Record<string, string> = { token, socket_id: socketId, channel_name: channelName };
    expect((await postForm(pages.endpoint(), whole)).status).toBe(200);
    for (const name of Object.keys(whole)) {
      const without = Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name));
      for (const form of [without, { ...whole, [name]: '' }]) {
        const { status, text } = await postForm(pages.endpoint(), form);
        expect({ status, text }).toEqual({
          status: 400,
          text: '{"error":"Missing required parameters"}',
        });
      }
    }
  });

  it('and pusher-js reports it as an error', async () => {
    const visit = { ...(await pages.newVisit()), token: '' };
    expect(await pages.enter(visit)).toEqual({ ok: false, status: 400 });
  });

  it('with an invalid socket id', async () => {
    const { channelName, token } = await pages.newVisit();
    const form = { token, socket_id: '1.1:user', channel_name: channelName };
    const { status, text } = await postForm(pages.endpoint(), form);
    expect({ status, error: (JSON.parse(text) as { error: string }).error }).toEqual({
      status: 400,
      error: 'Bad Request',
    });
  });
});

describe('every response', () => {
  it('is readable by a page of another origin, including refusals', async () => {
    const { channelName, token } = await pages.newVisit();
    const form = { token, socket_id: socketId, channel_name: channelName };
    const headers = { origin: pageOrigin, cookie: deployment.cookie };
    for (const hotelInUrl of [hotel, 'sea-view']) {
      const response = await postForm(pages.endpoint(hotelInUrl), form, headers);
      expect(response.headers.get('access-control-allow-origin')).toBe(pageOrigin);
      expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/);
    }
  });

  it('is in the audit log, and in the log without a token', async () => {
    const visit = await pages.newVisit();
    const grant = await pages.requestFor(visit);
    const refusal = await pages.requestFor({ ...visit, hotelInUrl: 'sea-view' });
    const kept = { action: 'subscribe', channel: visit.channelName, address: '127.0.0.1' };
    const [granted, refused] = [grant, refusal].map(({ headers }) => headers.get('x-decision-id'));
    expect(await auditRow(deployment.usher, granted!)).toMatchObject({
      ...kept,
      outcome: 'grant',
      signals: [],
    });
    expect(await auditRow(deployment.usher, refused!)).toMatchObject({
      ...kept,
      outcome: 'refusal',
      code: 'hotel-mismatch',
      signals: ['cross-tenant'],
    });
    // Lines are written in batches, with a delay.
    await expect.poll(() => deployment.usher.output()).toContain(refused);
  });
});
