import type { PrismaClient } from '../generated/client.ts';

/**
 * Gives the operator access to all rows within one transaction. A setting that outlived the transaction would give the
 * same access to the next user of the connection.
 */
export function actAsOperator(prisma: PrismaClient) {
  return prisma.$executeRaw`SELECT set_config('usher.operator', 'on', true)`;
}
