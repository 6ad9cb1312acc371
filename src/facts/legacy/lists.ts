import type { FactKind, FactViewer } from '../../policy/fact-kind.ts';
import type { FactLists, OpenListPage } from '../../policy/facts.ts';
import type { OpenFactPage } from '../fact-pages.ts';
import * as kinds from './kinds.ts';

/** Lists the facts of the compiled-in channels. */
export function createLegacyLists(openFactPage: OpenFactPage): OpenListPage {
  return (cursor) => {
    const page = openFactPage(cursor);
    const list = async (
      kind: FactKind,
      viewer: FactViewer,
      wheres: readonly Readonly<Record<string, string>>[],
    ) => {
      const found = await page.list(
        wheres.map((where) => ({ kind, where })),
        viewer,
      );
      return found.map((ids) => ids.at(-1) ?? '');
    };
    const lists: FactLists = {
      escrowsOf: (tenantId, userId) =>
        list(kinds.escrow, { tenantId }, [
          { tenantId, buyer_id: userId },
          { tenantId, seller_id: userId },
        ]),
      roomsOfUser: (userId, tenantId) =>
        list(kinds.room, { tenantId }, [
          { participants: userId },
          { 'guest_session_id.user': userId },
        ]),
      roomsOfSession: (sessionId) =>
        list(kinds.room, { guestSessionId: sessionId }, [{ guest_session_id: sessionId }]),
      ordersOf: (ownerId) => list(kinds.order, {}, [{ owner_id: ownerId }]),
    };
    return { lists, next: page.next };
  };
}
