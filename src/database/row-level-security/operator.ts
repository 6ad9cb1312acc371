import type { PrismaClient } from '../generated/client.ts';

/** Shows row-level security the operator, within one transaction: a setting that stayed on the connection would show all to its next user. */
export function actAsOperator(prisma: PrismaClient) {
  return prisma.$executeRaw`SELECT set_config('usher.operator', 'on', true)`;
}
