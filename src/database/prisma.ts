import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { PrismaClient } from './generated/client.ts';

/** Creates a client that uses the connections of this pool. */
export function createPrisma(pool: Pool, schema: string): PrismaClient {
  const adapter = new PrismaPg(pool, { schema });
  // 'minimal': longer messages of Prisma contain the arguments, which are row values.
  return new PrismaClient({ adapter, errorFormat: 'minimal', log: [] });
}
