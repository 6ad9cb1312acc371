import type { Parameter } from './operation.ts';

const id = (description: string, value: string): Pick<Parameter, 'description' | 'examples'> => ({
  description,
  examples: { demo: { value } },
});

/** The documentation of each path parameter of all routes. */
export const pathParameters: Readonly<Record<string, Pick<Parameter, 'description' | 'examples'>>> =
  {
    tenantId: id('The tenant, in place of `X-Tenant-ID`', '1'),
    hotelSlug: id('The hotel', 'grand-hotel'),
    bookingId: id('The booking', 'BK-2025-ABC123'),
    escrowId: id('The escrow', '42'),
    roomId: id('The room', '7'),
    orderId: id('The order', '1001'),
    id: id('What `X-Decision-Id` said', '9b2f6c1e-3d47-4a58-8f0a-6c1d2e3f4a5b'),
  };
