import type { Memory } from './core/memory.ts';
import type { RevocationSubject } from './core/revocation.ts';
import { partsOf } from './resources/subject-key.ts';
import type { TableMemory } from './resources/table-memory.ts';

/** Builds the memory by which decisions are made, over what is asked where it does not know. */
export function buildMemory(
  { version, remembering }: TableMemory,
  { find, revocations }: Pick<Memory, 'find' | 'revocations'>,
): Memory {
  return {
    version,
    find: {
      booking: remembering(['bookings'], (slug, id) => find.booking(slug, id), spellTexts),
      escrow: remembering(['escrows'], (tenant, id) => find.escrow(tenant, id), spellTexts),
      room: remembering(
        ['rooms', 'guest_sessions'],
        (id, viewer) => find.room(id, viewer),
        (id, viewer) => spellTexts(id, viewer?.tenantId ?? '', viewer?.sessionId ?? ''),
      ),
      order: remembering(['orders'], (id) => find.order(id), spellTexts),
    },
    revocations: {
      latest: remembering(['revocations'], revocations.latest, spellSubjects),
    },
  };
}

/** Texts with NUL, which could be taken for others, are in no row. */
function spellTexts(...texts: readonly string[]): string {
  return texts.join('\0');
}

function spellSubjects(subjects: readonly RevocationSubject[]): string {
  return JSON.stringify(subjects.map(partsOf));
}
