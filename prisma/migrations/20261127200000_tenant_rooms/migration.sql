-- CreateTable
CREATE TABLE "room_participants" (
    "user_id" TEXT NOT NULL,
    "room_id" TEXT NOT NULL,

    CONSTRAINT "room_participants_pkey" PRIMARY KEY ("user_id","room_id")
);

-- CreateIndex
CREATE INDEX "room_participants_room_id_idx" ON "room_participants"("room_id");

-- By hand from here: what Prisma's schema cannot say, and what holds only where the host has put no view in a table's place.

-- Maintains the index of participants. SECURITY DEFINER: a login that may change rooms needs no right to this table.
DO $$
BEGIN
  EXECUTE format($function$
    CREATE FUNCTION usher_index_participants() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM room_participants;
        RETURN NULL;
      END IF;
      IF TG_OP <> 'INSERT' THEN
        DELETE FROM room_participants WHERE room_id = OLD.room_id;
      END IF;
      IF TG_OP <> 'DELETE' THEN
        INSERT INTO room_participants (user_id, room_id)
          SELECT DISTINCT participant, NEW.room_id FROM unnest(NEW.participants) AS participant
          WHERE participant IS NOT NULL;
      END IF;
      RETURN NULL;
    END
    $body$;
  $function$, current_schema());
END
$$;

DO $$
BEGIN
  IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('guest_sessions')) = 'r' THEN
    ALTER TABLE "guest_sessions" ADD COLUMN "linked_tenant_id" TEXT;
  END IF;
  IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('escrows')) = 'r' THEN
    CREATE INDEX "escrows_tenant_id_buyer_id_escrow_id_idx" ON "escrows"("tenant_id", "buyer_id", "escrow_id");
    CREATE INDEX "escrows_tenant_id_seller_id_escrow_id_idx" ON "escrows"("tenant_id", "seller_id", "escrow_id");
  END IF;
  IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('orders')) = 'r' THEN
    CREATE INDEX "orders_owner_id_order_id_idx" ON "orders"("owner_id", "order_id");
  END IF;
  IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('rooms')) = 'r' THEN
    ALTER TABLE "rooms" ADD COLUMN "tenant_id" TEXT;

    INSERT INTO room_participants (user_id, room_id)
      SELECT DISTINCT participant, room_id FROM rooms CROSS JOIN unnest(participants) AS participant
      WHERE participant IS NOT NULL;
    CREATE TRIGGER usher_index_participants AFTER INSERT OR DELETE OR UPDATE OF room_id, participants ON rooms
      FOR EACH ROW EXECUTE FUNCTION usher_index_participants();
    CREATE TRIGGER usher_index_truncated AFTER TRUNCATE ON rooms
      FOR EACH STATEMENT EXECUTE FUNCTION usher_index_participants();
    -- ALWAYS: an import that switches triggers off, or logical replication, must not leave a room unlisted.
    ALTER TABLE rooms ENABLE ALWAYS TRIGGER usher_index_participants;
    ALTER TABLE rooms ENABLE ALWAYS TRIGGER usher_index_truncated;

    -- A guest session has no tenant, so it sees the rooms that it opened by its own id. The operator's port names no tenant either.
    ALTER TABLE "rooms" ENABLE ROW LEVEL SECURITY;
    ALTER TABLE "rooms" FORCE ROW LEVEL SECURITY;
    CREATE POLICY "rooms_of_the_tenant_or_of_none" ON "rooms"
        USING ("tenant_id" IS NULL
            OR "tenant_id" = NULLIF(current_setting('usher.tenant', true), '')
            OR "guest_session_id" = NULLIF(current_setting('usher.guest_session', true), '')
            OR current_setting('usher.operator', true) = 'on');
  END IF;
END
$$;
