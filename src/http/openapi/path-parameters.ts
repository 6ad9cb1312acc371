import type { Parameter } from './operation.ts';

const id = (description: string, value: string): Pick<Parameter, 'description' | 'examples'> => ({
  description,
  examples: { demo: { value } },
});

/** The documentation of the path parameters of Usher's own routes. */
export const pathParameters: Readonly<Record<string, Pick<Parameter, 'description' | 'examples'>>> =
  {
    tenantId: id('The tenant, in place of `X-Tenant-ID`', '1'),
    id: id('The value of `X-Decision-Id`', '9b2f6c1e-3d47-4a58-8f0a-6c1d2e3f4a5b'),
  };
