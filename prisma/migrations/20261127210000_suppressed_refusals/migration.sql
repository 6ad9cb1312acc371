-- AlterTable
ALTER TABLE "security_events" ADD COLUMN     "suppressed" INTEGER;
