-- When the last check that a webhook asked for was or will be due.
ALTER TABLE "resources" ADD COLUMN "webhook_due_at" REAL;
