-- AlterTable
ALTER TABLE "generation" ADD COLUMN "pausedAt" TIMESTAMP(3);
