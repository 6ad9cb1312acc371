-- AlterTable
ALTER TABLE "tickets" ADD COLUMN     "takes" INTEGER NOT NULL DEFAULT 0;
