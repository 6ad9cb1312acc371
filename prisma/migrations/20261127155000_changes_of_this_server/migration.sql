-- AlterTable
ALTER TABLE "table_changes" ADD COLUMN "server_start" TIMESTAMPTZ(6) NOT NULL DEFAULT '-infinity';

-- By hand from here. A note that a dump brought from another server never stands where one of this server belongs, which
-- ON CONFLICT DO NOTHING would then drop. Notes from before this column may be of either.
ALTER TABLE "table_changes"
    ALTER COLUMN "server_start" SET DEFAULT pg_postmaster_start_time(),
    DROP CONSTRAINT "table_changes_pkey",
    ADD CONSTRAINT "table_changes_pkey" PRIMARY KEY ("xid", "changed", "server_start");
