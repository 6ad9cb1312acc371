import { check } from '../decision.ts';
import { defineChannel } from '../define-channel.ts';
import type { Visitor } from '../principal.ts';
import { orderId } from './params.ts';

const isStaffOrSuperuser = ({ isStaff, isSuperuser }: Visitor) =>
  check('visitor is staff or superuser', isStaff || isSuperuser);

/** Live seat status. */
export const seatStatus = defineChannel('private-all-seat-status', {
  about: 'staff and superusers of the host',
  params: {},
  list: { visitor: () => [{}] },
  rules: { visitor: (visitor) => [isStaffOrSuperuser(visitor)] },
});

/** The staff chat. */
export const chatBox = defineChannel('private-chat-box', {
  about: 'staff and superusers of the host',
  params: {},
  list: { visitor: () => [{}] },
  rules: { visitor: (visitor) => [isStaffOrSuperuser(visitor)] },
});

/** Events of the payment of one order. */
export const payment = defineChannel('private-payment-{orderId}', {
  about: 'the user who owns the order',
  params: { orderId },
  list: {
    visitor: async ({ userId }, facts) =>
      (await facts.ordersOf(userId)).map((orderId) => ({ orderId })),
  },
  load: ({ orderId }, facts) => facts.order(orderId),
  rules: {
    visitor: (visitor, _params, { fact: order }) => [
      check('order is the visitor’s own', order?.ownerId === visitor.userId),
    ],
  },
});
