-- CreateTable
CREATE TABLE "shadow_verdicts" (
    "decision_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "family" TEXT NOT NULL,
    "policy" TEXT NOT NULL,
    "side" TEXT NOT NULL,
    "answered" TEXT NOT NULL,
    "watched" TEXT,
    "result" TEXT NOT NULL,
    "reason" TEXT,

    CONSTRAINT "shadow_verdicts_pkey" PRIMARY KEY ("decision_id")
);

-- CreateIndex
CREATE INDEX "shadow_verdicts_at_idx" ON "shadow_verdicts"("at");

-- CreateIndex
CREATE INDEX "shadow_verdicts_result_at_idx" ON "shadow_verdicts"("result", "at");

-- By hand from here: what Prisma's schema cannot say. The rows have no tenant: only the operator reads them.
ALTER TABLE "shadow_verdicts" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "shadow_verdicts" FORCE ROW LEVEL SECURITY;
CREATE POLICY "shadow_verdicts_append" ON "shadow_verdicts" FOR INSERT WITH CHECK (true);
CREATE POLICY "shadow_verdicts_read" ON "shadow_verdicts" FOR SELECT
    USING (current_setting('usher.operator', true) = 'on');
CREATE POLICY "shadow_verdicts_retention" ON "shadow_verdicts" FOR DELETE
    USING (current_setting('usher.operator', true) = 'on');
