-- AlterTable
ALTER TABLE "live_grants" ADD COLUMN     "attempts" INTEGER NOT NULL DEFAULT 0;
