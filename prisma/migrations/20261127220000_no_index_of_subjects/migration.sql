-- DropIndex
DROP INDEX "live_grants_subjects_idx";
