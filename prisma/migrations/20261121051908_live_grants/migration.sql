-- CreateTable
CREATE TABLE "live_grants" (
    "app_key" TEXT NOT NULL,
    "socket_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "tenant_id" TEXT,
    "principal" TEXT NOT NULL,
    "subjects" TEXT[],
    "issued_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "granted_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "live_grants_pkey" PRIMARY KEY ("app_key","socket_id","user_id")
);

-- CreateIndex
CREATE INDEX "live_grants_due_at_idx" ON "live_grants"("due_at");

-- CreateIndex
CREATE INDEX "live_grants_subjects_idx" ON "live_grants" USING GIN ("subjects");

-- By hand from here: what Prisma's schema cannot say.

-- Replicas end what is due of any tenant, as the operator; nobody else sees more than one tenant's.
ALTER TABLE "live_grants" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "live_grants" FORCE ROW LEVEL SECURITY;
CREATE POLICY "live_grants_of_the_tenant_or_the_operator" ON "live_grants"
    USING ("tenant_id" = NULLIF(current_setting('usher.tenant', true), '')
        OR current_setting('usher.operator', true) = 'on')
    WITH CHECK ("tenant_id" = NULLIF(current_setting('usher.tenant', true), '')
        OR current_setting('usher.operator', true) = 'on');
