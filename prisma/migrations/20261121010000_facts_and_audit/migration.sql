-- CreateTable
CREATE TABLE "bookings" (
    "hotel_slug" TEXT NOT NULL,
    "booking_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "room_number" TEXT,
    "check_out" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bookings_pkey" PRIMARY KEY ("hotel_slug","booking_id")
);

-- CreateTable
CREATE TABLE "escrows" (
    "tenant_id" TEXT NOT NULL,
    "escrow_id" TEXT NOT NULL,
    "buyer_id" TEXT NOT NULL,
    "seller_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "escrows_pkey" PRIMARY KEY ("tenant_id","escrow_id")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "decision_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "code" TEXT,
    "family" TEXT,
    "channel" TEXT,
    "socket_id" TEXT,
    "principal_kind" TEXT,
    "principal_id" TEXT,
    "tenant_id" TEXT,
    "failed_check" TEXT,
    "checks" JSONB NOT NULL,
    "request_id" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "user_agent" TEXT,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("decision_id")
);

-- CreateTable
CREATE TABLE "security_events" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "at" TIMESTAMPTZ(3) NOT NULL,
    "signal" TEXT NOT NULL,
    "decision_id" TEXT,
    "tenant_id" TEXT,
    "principal_id" TEXT,
    "request_id" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "user_agent" TEXT,

    CONSTRAINT "security_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_log_at_idx" ON "audit_log"("at");

-- CreateIndex
CREATE INDEX "audit_log_tenant_id_at_idx" ON "audit_log"("tenant_id", "at");

-- CreateIndex
CREATE INDEX "security_events_at_idx" ON "security_events"("at");

-- CreateIndex
CREATE INDEX "security_events_tenant_id_at_idx" ON "security_events"("tenant_id", "at");

-- By hand from here: what Prisma's schema cannot say.

-- An unknown word must not reach a rule that asks whether the stay is open.
ALTER TABLE "bookings" ADD CONSTRAINT "bookings_status_check" CHECK ("status" IN ('open', 'cancelled'));

-- Row-level security on every table with a tenant. FORCE: without it the tables' owner would see every row.
-- A setting that was made locally reads as '' in later transactions of the session, not as NULL: '' must match nothing.
ALTER TABLE "escrows" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "escrows" FORCE ROW LEVEL SECURITY;
CREATE POLICY "escrows_of_the_tenant" ON "escrows"
    USING ("tenant_id" = NULLIF(current_setting('usher.tenant', true), ''))
    WITH CHECK ("tenant_id" = NULLIF(current_setting('usher.tenant', true), ''));

-- Audit rows are written for any tenant, several tenants in one statement. They are read within one tenant,
-- or by the operator, who looks up a decision by its id and deletes what is past its retention. Nobody changes them.
ALTER TABLE "audit_log" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "audit_log" FORCE ROW LEVEL SECURITY;
CREATE POLICY "audit_log_append" ON "audit_log" FOR INSERT WITH CHECK (true);
CREATE POLICY "audit_log_read" ON "audit_log" FOR SELECT
    USING ("tenant_id" = NULLIF(current_setting('usher.tenant', true), '')
        OR current_setting('usher.operator', true) = 'on');
CREATE POLICY "audit_log_retention" ON "audit_log" FOR DELETE
    USING (current_setting('usher.operator', true) = 'on');

ALTER TABLE "security_events" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "security_events" FORCE ROW LEVEL SECURITY;
CREATE POLICY "security_events_append" ON "security_events" FOR INSERT WITH CHECK (true);
CREATE POLICY "security_events_read" ON "security_events" FOR SELECT
    USING ("tenant_id" = NULLIF(current_setting('usher.tenant', true), '')
        OR current_setting('usher.operator', true) = 'on');
CREATE POLICY "security_events_retention" ON "security_events" FOR DELETE
    USING (current_setting('usher.operator', true) = 'on');
