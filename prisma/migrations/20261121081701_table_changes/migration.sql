-- CreateTable
CREATE TABLE "table_changes" (
    "xid" BIGINT NOT NULL,
    "changed" TEXT NOT NULL,

    CONSTRAINT "table_changes_pkey" PRIMARY KEY ("xid","changed")
);

-- By hand from here: what Prisma's schema cannot say.

-- Whoever may change facts needs no right to this table, and cannot put a temporary one in its place.
DO $$
BEGIN
  EXECUTE format($function$
    CREATE FUNCTION usher_note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
    BEGIN
      INSERT INTO table_changes (xid, changed) VALUES (pg_current_xact_id()::text::bigint, TG_ARGV[0])
        ON CONFLICT DO NOTHING;
      RETURN NULL;
    END
    $body$;
    -- A room is read with the user that its session was linked to; sessions without one come and go all the time.
    CREATE FUNCTION usher_note_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
    BEGIN
      IF OLD.linked_user_id IS DISTINCT FROM NEW.linked_user_id
        OR (TG_OP = 'UPDATE' AND OLD.session_id <> NEW.session_id) THEN
        INSERT INTO table_changes (xid, changed) VALUES (pg_current_xact_id()::text::bigint, 'guest_sessions')
          ON CONFLICT DO NOTHING;
      END IF;
      RETURN NULL;
    END
    $body$;
  $function$, current_schema());
END
$$;

-- ALWAYS, because an import that switches triggers off must not go unseen. A host may have put a view in a table's place:
-- that has no triggers, and is never remembered.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['bookings', 'escrows', 'rooms', 'orders', 'revocations'] LOOP
    CONTINUE WHEN (SELECT relkind FROM pg_class WHERE oid = to_regclass(name)) <> 'r';
    EXECUTE format($triggers$
      CREATE TRIGGER usher_note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %1$I
        FOR EACH STATEMENT EXECUTE FUNCTION usher_note_change(%1$L);
      ALTER TABLE %1$I ENABLE ALWAYS TRIGGER usher_note_change;
      -- Logical replication fires triggers of rows only.
      CREATE TRIGGER usher_note_replicated AFTER INSERT OR UPDATE OR DELETE ON %1$I
        FOR EACH ROW EXECUTE FUNCTION usher_note_change(%1$L);
      ALTER TABLE %1$I ENABLE REPLICA TRIGGER usher_note_replicated;
    $triggers$, name);
  END LOOP;
  IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('guest_sessions')) = 'r' THEN
    CREATE TRIGGER usher_note_change AFTER INSERT OR UPDATE OR DELETE ON guest_sessions
      FOR EACH ROW EXECUTE FUNCTION usher_note_link();
    CREATE TRIGGER usher_note_truncated AFTER TRUNCATE ON guest_sessions
      FOR EACH STATEMENT EXECUTE FUNCTION usher_note_change('guest_sessions');
    ALTER TABLE guest_sessions ENABLE ALWAYS TRIGGER usher_note_change;
    ALTER TABLE guest_sessions ENABLE ALWAYS TRIGGER usher_note_truncated;
  END IF;
END
$$;
