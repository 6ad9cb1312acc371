import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelAuthRequest } from '../../src/authorize/auth-request.ts';
import type { Grant } from '../../src/policy/decision.ts';
import { fillPattern } from '../../src/policy/pattern.ts';
import type { Principal } from '../../src/policy/principal.ts';
import { shippedPolicy } from '../support/shipped-policy.ts';
import { guest, user } from '../policies/principals.ts';
import { authorizing, request } from './authorizing.ts';

const { channels } = shippedPolicy;
const id = fc.constantFrom('1', '2', '15', '42', 'BK-1', 'grand-hotel');
const piece = fc.oneof(
  id,
  fc.constantFrom('private-', 'presence-', 'private-encrypted-', 'tenant.', '.user.', '.escrow.'),
  fc.constantFrom('.chat', '.admin', '.announcements', 'announcements', 'room-', ':', '\n', '*'),
  fc.constantFrom('hotel-', '-guest-chat-booking-', '%2E', 'İ', '{"user_id":"1"}', 'a-b_c'),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
/** A name of some channel type with some ids, in some form, which the type need not have. */
const ofChannelType = fc
  .tuple(
    fc.constantFrom(...channels.channelTypes),
    fc.constantFrom('private', 'presence', 'private-encrypted'),
    fc.array(id, { minLength: 4, maxLength: 4 }),
  )
  .map(([{ pattern, params }, form, ids]) => {
    const values = Object.keys(params).map((name, i) => [name, ids[i] ?? '1'] as const);
    return `${form}-${fillPattern(pattern, Object.fromEntries(values))}`;
  });
const channelName = fc.oneof(
  { weight: 4, arbitrary: ofChannelType },
  { weight: 1, arbitrary: fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.tuple(ofChannelType, piece).map((pieces) => pieces.join('')) },
);
const socketId = fc.oneof(
  { weight: 4, arbitrary: fc.constant('1234.5678') },
  { weight: 1, arbitrary: fc.stringMatching(/^[0-9.]{0,70}$/) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);
const principal: fc.Arbitrary<Principal> = fc.oneof(
  fc
    .record({ userId: id, tenantId: id, roles: fc.subarray(['admin', 'user']) })
    .map(({ userId, ...rest }) => user(userId, rest)),
  fc.record({ hotel: id, booking: id }).map((changes) => guest(changes)),
);
const ofHotel = (value: string) => ({ name: 'hotel', channelParam: 'hotelSlug', value });
const anyPins = fc.record(
  {
    pins: id.map((hotel) => [ofHotel(hotel)]),
    tenantIds: fc.array(id, { maxLength: 2 }),
  },
  { requiredKeys: ['tenantIds'] },
);
/** Half of them have the tenant and the hotel of the visitor: otherwise hardly anything would be granted. */
const channelRequest = fc
  .tuple(principal, anyPins, fc.boolean())
  .map(([who, other, agrees]) => ({ who, pinned: agrees ? ownPins(who) : other }));

const attributeOf = ({ attributes }: Principal, name: string) => String(attributes?.[name]);

function ownPins(who: Principal): ChannelAuthRequest['constraints'] {
  if (who.kind === 'guest') return { pins: [ofHotel(attributeOf(who, 'hotel'))], tenantIds: [] };
  return { tenantIds: [who.tenantId].filter((tenant) => tenant !== undefined) };
}

function expectRequestedChannel(grant: Grant, request: ChannelAuthRequest): void {
  const match = channels.match(grant.channel);
  if (typeof match === 'string') throw new Error('A grant for a name without one reading');
  const { text, form } = grant.channel;
  expect(text).toBe(request.channelName);
  expect(text).toBe(`${form}-${fillPattern(match.channelType.pattern, match.params)}`);
  expect(text).toMatch(/^(private|presence|private-encrypted)-[A-Za-z0-9_\-=@,.;]+$/);
  expect(grant.socketId).toBe(request.socketId);
  expect(grant.socketId).toMatch(/^\d+\.\d+$/);
  expect(grant.family).toBe(match.channelType.pattern.text);
  expect(match.channelType.forms).toContain(form);
  expect([...match.channelType.rules.keys()]).toContain(grant.principal.kind);
  expect(grant.checks.length).toBeGreaterThan(0);
  expect(grant.checks.filter(({ passed }) => !passed)).toStrictEqual([]);
  if (form === 'presence') expect(grant.member?.user_id).toBeTruthy();
}

function expectPinsHold(
  { channel, principal: who }: Grant,
  { constraints }: ChannelAuthRequest,
): void {
  const match = channels.match(channel);
  if (typeof match === 'string') throw new Error('A grant for a name without one reading');
  const { hotelSlug, bookingId, tenantId } = match.params;
  for (const { value } of constraints.pins ?? []) expect(hotelSlug).toBe(value);
  if (who.kind === 'guest') {
    expect([hotelSlug, bookingId]).toStrictEqual([
      attributeOf(who, 'hotel'),
      attributeOf(who, 'booking'),
    ]);
  }
  for (const named of constraints.tenantIds) expect(named).toBe(who.tenantId);
  if (tenantId !== undefined) {
    expect(tenantId).toBe(who.tenantId);
    expect(constraints.tenantIds).toContain(tenantId);
  }
}

describe('authorizeChannel, for any request', () => {
  it('grants only the requested name, and only if every route constraint matches', async () => {
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(
        channelName,
        socketId,
        channelRequest,
        async (name, socket, { who, pinned: constraints }) => {
          const identify = () => Promise.resolve({ principal: who });
          const { authorizeChannel, recorded } = authorizing({ identify });
          const sent = request({ channelName: name, socketId: socket, constraints });
          const decision = await authorizeChannel(sent);
          expect(recorded).toStrictEqual([decision]);
          if (decision.outcome === 'refusal') return;
          granted += 1;
          expect(decision.principal).toBe(who);
          expectRequestedChannel(decision, sent);
          expectPinsHold(decision, sent);
        },
      ),
      { numRuns: 4000 },
    );
    // Otherwise the property would also hold if nothing were ever granted.
    expect(granted).toBeGreaterThan(0);
  });
});
