import { defineParam, idCharacters } from '../param.ts';

/** A Django slug, such as `grand-hotel`. */
export const hotelSlug = defineParam(idCharacters, 80);
/** A booking's public number, such as `BK-2025-ABC123`. */
export const bookingId = defineParam(idCharacters, 64);
export const tenantId = defineParam(idCharacters, 64);
export const userId = defineParam(idCharacters, 64);
export const escrowId = defineParam(idCharacters, 64);
export const roomId = defineParam(idCharacters, 64);
export const orderId = defineParam(idCharacters, 64);
