import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hashTicket,
  parseTicket,
  ticketBytes,
  formatTicket,
} from '../../../src/authorize/tickets/ticket.ts';

const bytes = fc.uint8Array({ minLength: ticketBytes, maxLength: ticketBytes });

describe('the text of a ticket', () => {
  it('is the prefix and 64 hexadecimal digits', () => {
    expect(formatTicket(new Uint8Array(32).fill(0xa5)).reveal()).toBe(
      `ws_ticket_${'a5'.repeat(32)}`,
    );
  });

  it('is not created with another number of random bytes', () => {
    expect(() => formatTicket(new Uint8Array(31))).toThrow(RangeError);
    expect(() => formatTicket(new Uint8Array(33))).toThrow(RangeError);
  });

  it('is parsed unchanged', () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const text = formatTicket(random).reveal();
        expect(parseTicket(text)?.reveal()).toBe(text);
      }),
    );
  });

  it('has one spelling', () => {
    const near = fc.tuple(bytes, fc.nat(73), fc.string({ unit: 'binary', maxLength: 2 }));
    fc.assert(
      fc.property(near, ([random, at, insert]) => {
        const text = formatTicket(random).reveal();
        const changed = text.slice(0, at) + insert + text.slice(at + 1);
        const isTicket = changed.length === 74 && /^ws_ticket_[0-9a-f]*$/.test(changed);
        expect(parseTicket(changed) !== undefined).toBe(isTicket && !changed.endsWith('\n'));
      }),
    );
  });

  it.each([
    '',
    'ws_ticket_',
    `ws_ticket_${'A5'.repeat(32)}`,
    `WS_TICKET_${'a5'.repeat(32)}`,
    ` ws_ticket_${'a5'.repeat(32)}`,
    `ws_ticket_${'a5'.repeat(32)}\n`,
    `ws_ticket_${'a5'.repeat(31)}a`,
    `ws_ticket_${'a5'.repeat(33)}`,
    `ws_ticket_${'５'.repeat(64)}`,
  ])('%j is no ticket', (text) => {
    expect(parseTicket(text)).toBeUndefined();
  });

  it('is hashed with SHA-256, including the prefix', () => {
    // printf 'ws_ticket_00…00' (64 zeros) | sha256sum
    expect(hashTicket(formatTicket(new Uint8Array(32)))).toBe(
      'aa57be10a423d418bf0bf7324e5cc62ddd375480553655b3b0f55a35ee327918',
    );
  });
});
