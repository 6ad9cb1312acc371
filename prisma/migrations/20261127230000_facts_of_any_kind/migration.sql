-- AlterTable
ALTER TABLE "audit_log" ADD COLUMN "policy" TEXT;

-- CreateTable
CREATE TABLE "facts" (
    "kind" TEXT NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "ids" TEXT[] NOT NULL,
    "tenant_id" TEXT,
    "guest_session_id" TEXT,
    "fields" JSONB NOT NULL DEFAULT '{}',
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "facts_pkey" PRIMARY KEY ("kind","key")
);

-- CreateTable
CREATE TABLE "fact_index" (
    "kind" TEXT NOT NULL,
    "field" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "fact_index_pkey" PRIMARY KEY ("kind","field","value","tenant","key")
);

-- CreateTable
CREATE TABLE "fact_relations" (
    "kind" TEXT NOT NULL,
    "relation" TEXT NOT NULL,
    "ids" TEXT[] NOT NULL,
    "fields" TEXT[] NOT NULL,
    "tenant" TEXT,
    "guest_session" TEXT,

    CONSTRAINT "fact_relations_pkey" PRIMARY KEY ("kind")
);

-- CreateIndex
CREATE INDEX "fact_index_kind_key_idx" ON "fact_index"("kind", "key");

-- By hand from here: what Prisma's schema cannot say.

ALTER TABLE "facts" ADD CONSTRAINT "facts_ids_check"
    CHECK (cardinality("ids") > 0 AND array_ndims("ids") = 1 AND array_lower("ids", 1) = 1 AND array_position("ids", NULL) IS NULL);
ALTER TABLE "facts" ADD CONSTRAINT "facts_fields_check" CHECK (jsonb_typeof("fields") = 'object');

-- The primary key is a text, because under row-level security no index of an array is used.
-- This index is for SQL that compares single ids, such as the views below.
CREATE INDEX "facts_ids_idx" ON "facts"("kind", ("ids"[1]), ("ids"[2]));
CREATE INDEX "facts_guest_session_id_idx" ON "facts"("kind", "guest_session_id", "key") WHERE "guest_session_id" IS NOT NULL;

-- The values by which facts are listed: each id, under its position; each text; each text of a list.
CREATE FUNCTION usher_fact_values(ids text[], fields jsonb) RETURNS TABLE (field text, value text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT place::text, id FROM unnest(ids) WITH ORDINALITY AS listed(id, place) WHERE char_length(id) <= 255
  UNION
  SELECT each.key, texts.text #>> '{}' FROM jsonb_each(fields) AS each
    CROSS JOIN LATERAL (
      SELECT each.value AS text WHERE jsonb_typeof(each.value) = 'string'
      UNION ALL
      SELECT jsonb_array_elements(CASE jsonb_typeof(each.value) WHEN 'array' THEN each.value ELSE '[]' END)
    ) AS texts
    WHERE jsonb_typeof(texts.text) = 'string' AND char_length(texts.text #>> '{}') <= 255
$$;

-- The fields of a row of a table with one column for each field.
CREATE FUNCTION usher_fields_of_row(columns jsonb, names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(name, CASE jsonb_typeof(columns -> name)
      WHEN 'array' THEN jsonb_path_query_array(columns -> name, '$[*] ? (@ != null)') ELSE columns -> name END), '{}')
  FROM unnest(names) AS name WHERE jsonb_typeof(columns -> name) <> 'null'
$$;

CREATE FUNCTION usher_ids_of_row(columns jsonb, names text[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(columns ->> name ORDER BY place) FROM unnest(names) WITH ORDINALITY AS listed(name, place)
$$;

-- The functions of triggers. SECURITY DEFINER: a login that may change facts needs no right to the other tables.
DO $$
BEGIN
  EXECUTE format($functions$
    CREATE FUNCTION usher_key_fact() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      -- As JSON.stringify writes it.
      NEW.key := array_to_json(NEW.ids)::text;
      RETURN NEW;
    END
    $body$;

    CREATE FUNCTION usher_note_fact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
    BEGIN
      IF TG_OP <> 'INSERT' THEN
        INSERT INTO table_changes (xid, changed) VALUES (pg_current_xact_id()::text::bigint, 'facts:' || OLD.kind)
          ON CONFLICT DO NOTHING;
      END IF;
      IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.kind <> OLD.kind) THEN
        INSERT INTO table_changes (xid, changed) VALUES (pg_current_xact_id()::text::bigint, 'facts:' || NEW.kind)
          ON CONFLICT DO NOTHING;
      END IF;
      RETURN NULL;
    END
    $body$;

    CREATE FUNCTION usher_index_fact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
    BEGIN
      IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM fact_index;
        RETURN NULL;
      END IF;
      IF TG_OP = 'UPDATE' AND ROW(NEW.kind, NEW.key, NEW.tenant_id) IS NOT DISTINCT FROM ROW(OLD.kind, OLD.key, OLD.tenant_id) THEN
        IF NEW.fields = OLD.fields THEN
          RETURN NULL;
        END IF;
        DELETE FROM fact_index AS gone WHERE kind = OLD.kind AND key = OLD.key AND NOT EXISTS (
          SELECT FROM usher_fact_values(NEW.ids, NEW.fields) AS kept
          WHERE kept.field = gone.field AND kept.value = gone.value);
      ELSIF TG_OP <> 'INSERT' THEN
        DELETE FROM fact_index WHERE kind = OLD.kind AND key = OLD.key;
      END IF;
      IF TG_OP <> 'DELETE' THEN
        INSERT INTO fact_index (kind, field, value, tenant, key)
          SELECT NEW.kind, field, value, coalesce(NEW.tenant_id, ''), NEW.key FROM usher_fact_values(NEW.ids, NEW.fields)
          ON CONFLICT DO NOTHING;
      END IF;
      RETURN NULL;
    END
    $body$;

    -- Writes a row of a view of facts. The view shows a login the rows that row-level security shows; here the same holds
    -- for the row that it writes. Who bypasses row-level security does so here.
    CREATE FUNCTION usher_write_fact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = %1$I, pg_temp SET TimeZone = 'UTC' AS $body$
    DECLARE
      mapped fact_relations;
      written jsonb;
      old_key text;
      was text := current_setting('usher.operator', true);
      bypasses boolean := (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname =
        CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END);
    BEGIN
      SELECT * INTO STRICT mapped FROM fact_relations WHERE kind = TG_ARGV[0];
      IF bypasses THEN
        PERFORM set_config('usher.operator', 'on', true);
      END IF;
      IF TG_OP <> 'INSERT' THEN
        old_key := array_to_json(usher_ids_of_row(to_jsonb(OLD), mapped.ids))::text;
      END IF;
      IF TG_OP = 'DELETE' THEN
        DELETE FROM facts WHERE kind = mapped.kind AND key = old_key;
      ELSE
        NEW.updated_at := coalesce(NEW.updated_at, now());
        written := to_jsonb(NEW);
        IF TG_NARGS > 1 AND NOT coalesce(written ->> TG_ARGV[1] = ANY (string_to_array(TG_ARGV[2], ' ')), false) THEN
          RAISE check_violation USING CONSTRAINT = TG_TABLE_NAME || '_' || TG_ARGV[1] || '_check',
            MESSAGE = format('new row violates check constraint "%%s_%%s_check"', TG_TABLE_NAME, TG_ARGV[1]);
        END IF;
        IF NOT bypasses AND was IS DISTINCT FROM 'on' AND NOT coalesce(
            written ->> mapped.tenant = nullif(current_setting('usher.tenant', true), ''), written ->> mapped.tenant IS NULL)
          AND NOT coalesce(written ->> mapped.guest_session = nullif(current_setting('usher.guest_session', true), ''), false) THEN
          RAISE insufficient_privilege USING
            MESSAGE = format('new row violates row-level security policy for "%%s"', TG_TABLE_NAME);
        END IF;
        IF TG_OP = 'INSERT' THEN
          INSERT INTO facts (kind, ids, tenant_id, guest_session_id, fields, updated_at) VALUES (mapped.kind,
            usher_ids_of_row(written, mapped.ids), written ->> mapped.tenant, written ->> mapped.guest_session,
            usher_fields_of_row(written, mapped.fields), NEW.updated_at);
        ELSE
          UPDATE facts SET ids = usher_ids_of_row(written, mapped.ids), tenant_id = written ->> mapped.tenant,
            guest_session_id = written ->> mapped.guest_session, fields = usher_fields_of_row(written, mapped.fields),
            updated_at = NEW.updated_at
          WHERE kind = mapped.kind AND key = old_key;
        END IF;
      END IF;
      IF bypasses THEN
        PERFORM set_config('usher.operator', coalesce(was, ''), true);
      END IF;
      RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END
    $body$;
  $functions$, current_schema());
END
$$;

-- The tables of the kinds of fact that earlier releases knew. The columns of fields have the names of the fields.
INSERT INTO "fact_relations" VALUES
    ('booking', 'bookings', '{hotel_slug,booking_id}', '{status,room_number,check_out}', NULL, NULL),
    ('escrow', 'escrows', '{tenant_id,escrow_id}', '{buyer_id,seller_id,status}', 'tenant_id', NULL),
    ('room', 'rooms', '{room_id}', '{tenant_id,participants,guest_session_id}', 'tenant_id', 'guest_session_id'),
    ('order', 'orders', '{order_id}', '{owner_id}', NULL, NULL);

-- Moves the rows of each table, and puts a view of the same columns in its place, for SQL of the host and for replicas of
-- earlier releases. A view that the host has put in a table's place stays. The privileges are those of the table.
DO $$
DECLARE
  source record;
  privilege record;
  saved aclitem[];
BEGIN
  SET LOCAL TimeZone = 'UTC';
  FOR source IN
    SELECT mapped.*, definition, trigger_arguments FROM fact_relations AS mapped JOIN (VALUES
      ('booking', $view$
        SELECT ids[1] AS hotel_slug, ids[2] AS booking_id, fields ->> 'status' AS status, fields ->> 'room_number' AS room_number,
          (fields ->> 'check_out')::timestamptz(3) AS check_out, updated_at
        FROM facts WHERE kind = 'booking'$view$, $arguments$, 'status', 'open cancelled'$arguments$),
      ('escrow', $view$
        SELECT ids[1] AS tenant_id, ids[2] AS escrow_id, fields ->> 'buyer_id' AS buyer_id, fields ->> 'seller_id' AS seller_id,
          fields ->> 'status' AS status, updated_at
        FROM facts WHERE kind = 'escrow' AND (
          ids[1] = nullif(current_setting('usher.tenant', true), '') OR NOT (SELECT row_security_active('facts'::regclass)))$view$, ''),
      ('room', $view$
        SELECT ids[1] AS room_id, CASE jsonb_typeof(fields -> 'participants')
            WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(fields -> 'participants')) END AS participants,
          guest_session_id, updated_at, tenant_id
        FROM facts WHERE kind = 'room' AND (tenant_id IS NULL
          OR tenant_id = nullif(current_setting('usher.tenant', true), '')
          OR guest_session_id = nullif(current_setting('usher.guest_session', true), '')
          OR current_setting('usher.operator', true) = 'on' OR NOT (SELECT row_security_active('facts'::regclass)))$view$, ''),
      ('order', $view$
        SELECT ids[1] AS order_id, fields ->> 'owner_id' AS owner_id, updated_at FROM facts WHERE kind = 'order'$view$, '')
    ) AS views(kind, definition, trigger_arguments) USING (kind)
    WHERE (SELECT relkind FROM pg_class WHERE oid = to_regclass(relation)) IN ('r', 'p')
  LOOP
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', source.relation);
    -- Otherwise the owner would move only the rows that row-level security shows.
    EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', source.relation);
    EXECUTE format($copy$
      INSERT INTO facts (kind, key, ids, tenant_id, guest_session_id, fields, updated_at)
        SELECT %2$L, array_to_json(ids)::text, ids, columns ->> %5$L, columns ->> %6$L, usher_fields_of_row(columns, %4$L), updated_at
        FROM (SELECT to_jsonb(moved) AS columns, updated_at FROM %1$I AS moved) AS each
        CROSS JOIN LATERAL usher_ids_of_row(columns, %3$L) AS ids
    $copy$, source.relation, source.kind, source.ids, source.fields, source.tenant, source.guest_session);
    saved := (SELECT relacl FROM pg_class WHERE oid = to_regclass(source.relation));
    EXECUTE format('DROP TABLE %I', source.relation);
    EXECUTE format('CREATE VIEW %I WITH (security_barrier) AS %s', source.relation, source.definition);
    EXECUTE format('CREATE TRIGGER usher_write_fact INSTEAD OF INSERT OR UPDATE OR DELETE ON %I
      FOR EACH ROW EXECUTE FUNCTION usher_write_fact(%L%s)', source.relation, source.kind, source.trigger_arguments);
    FOR privilege IN
      SELECT privilege_type AS name, coalesce(quote_ident(rolname), 'PUBLIC') AS grantee
      FROM aclexplode(saved) LEFT JOIN pg_roles ON pg_roles.oid = grantee
      WHERE privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') AND grantee <> (
        SELECT relowner FROM pg_class WHERE oid = to_regclass(source.relation))
    LOOP
      EXECUTE format('GRANT %s ON %I TO %s', privilege.name, source.relation, privilege.grantee);
    END LOOP;
  END LOOP;

  -- A table that the host has renamed, to put a view in its place, still has the trigger that fills `room_participants`.
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regproc('usher_index_participants')) THEN
    saved := (SELECT relacl FROM pg_class WHERE oid = to_regclass('room_participants'));
    DROP TABLE room_participants;
    CREATE VIEW room_participants AS
      SELECT value AS user_id, key::json ->> 0 AS room_id FROM fact_index WHERE kind = 'room' AND field = 'participants';
    FOR privilege IN
      SELECT DISTINCT rolname FROM aclexplode(saved) JOIN pg_roles ON pg_roles.oid = grantee
      WHERE privilege_type = 'SELECT' AND rolname <> current_user
    LOOP
      EXECUTE format('GRANT SELECT ON room_participants TO %I', privilege.rolname);
    END LOOP;
    DROP FUNCTION usher_index_participants();
  END IF;
END
$$;

INSERT INTO "fact_index" (kind, field, value, tenant, key)
    SELECT kind, field, value, coalesce(tenant_id, ''), key FROM facts CROSS JOIN LATERAL usher_fact_values(ids, fields)
    ON CONFLICT DO NOTHING;

-- ALWAYS: an import that switches triggers off, or logical replication, must not leave a change unnoted or a fact unlisted.
CREATE TRIGGER usher_key_fact BEFORE INSERT OR UPDATE ON facts FOR EACH ROW EXECUTE FUNCTION usher_key_fact();
CREATE TRIGGER usher_note_change AFTER INSERT OR UPDATE OR DELETE ON facts FOR EACH ROW EXECUTE FUNCTION usher_note_fact();
CREATE TRIGGER usher_note_truncated AFTER TRUNCATE ON facts FOR EACH STATEMENT EXECUTE FUNCTION usher_note_change('facts');
CREATE TRIGGER usher_index_fact AFTER INSERT OR UPDATE OR DELETE ON facts FOR EACH ROW EXECUTE FUNCTION usher_index_fact();
CREATE TRIGGER usher_index_truncated AFTER TRUNCATE ON facts FOR EACH STATEMENT EXECUTE FUNCTION usher_index_fact();
ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_key_fact;
ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_note_change;
ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_note_truncated;
ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_index_fact;
ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_index_truncated;

-- A fact without a tenant is visible to everybody. A guest session has no tenant, so it sees the facts that name it.
-- The operator's port names no tenant either.
ALTER TABLE "facts" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "facts" FORCE ROW LEVEL SECURITY;
CREATE POLICY "facts_of_the_tenant_or_of_none" ON "facts"
    USING ("tenant_id" IS NULL
        OR "tenant_id" = NULLIF(current_setting('usher.tenant', true), '')
        OR "guest_session_id" = NULLIF(current_setting('usher.guest_session', true), '')
        OR current_setting('usher.operator', true) = 'on');
