import { describe, expect, it } from 'vitest';
import { user, visitor } from './principals.ts';
import { verdict } from './truth-table.ts';

const seatStatus = 'private-all-seat-status';
const chatBox = 'private-chat-box';
const payment = 'private-payment-{orderId}';

const order = { owner_id: '15' };
const isStaff = 'visitor is staff or superuser';
const own = 'order is the visitor’s own';

describe('grants and refusals', () => {
  it.each([
    ['staff', seatStatus, { who: visitor({ isStaff: true }) }, 'enters'],
    ['superuser', seatStatus, { who: visitor({ isSuperuser: true }) }, 'enters'],
    ['anybody', seatStatus, { who: visitor() }, isStaff],
    ['staff', chatBox, { who: visitor({ isStaff: true }) }, 'enters'],
    ['superuser', chatBox, { who: visitor({ isSuperuser: true }) }, 'enters'],
    ['anybody', chatBox, { who: visitor() }, isStaff],
    [
      'a user with a bearer token',
      chatBox,
      { who: user('15', { roles: ['admin', 'staff'] }) },
      'no rule',
    ],
    ['the owner', payment, { who: visitor(), fact: order }, 'enters'],
    ['another', payment, { who: visitor({ id: '16' }), fact: order }, own],
    ['staff', payment, { who: visitor({ id: '16', isStaff: true }), fact: order }, own],
    ['an order that does not exist', payment, { who: visitor() }, own],
  ])('%s of %s', async (...[, family, row, expected]) => {
    expect(await verdict(family, { params: { orderId: '99' }, ...row })).toBe(expected);
  });
});
