-- CreateIndex
CREATE INDEX "audit_log_principal_id_at_idx" ON "audit_log"("principal_id", "at");

-- CreateIndex
CREATE INDEX "audit_log_channel_at_idx" ON "audit_log"("channel", "at");

-- By hand from here: what Prisma's schema cannot say.

-- Refusals only: grants, which are most rows, cost nothing here.
CREATE INDEX "audit_log_failed_check_at_idx" ON "audit_log"("failed_check", "at") WHERE "failed_check" IS NOT NULL;
CREATE INDEX "audit_log_refusals_at_idx" ON "audit_log"("at") WHERE "outcome" = 'refusal';
