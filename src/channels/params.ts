import { defineParam } from '../core/param.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';

/** What ids of hosts consist of: numbers, UUIDs, slugs, codes. No dot, which separates the parts of a tenant's name. */
const idCharacters = `${letters}${digits}-_`;

/** A Django slug, such as `grand-hotel`. */
export const hotelSlug = defineParam(idCharacters, 80);
/** A booking's public number, such as `BK-2025-ABC123`. */
export const bookingId = defineParam(idCharacters, 64);
export const tenantId = defineParam(idCharacters, 64);
export const userId = defineParam(idCharacters, 64);
export const escrowId = defineParam(idCharacters, 64);
