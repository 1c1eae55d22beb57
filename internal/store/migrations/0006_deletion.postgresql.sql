-- A pipeline that belongs to no team is being deleted. The encoding of a chunk's data; NULL is the bytes themselves.
ALTER TABLE "pipelines" ALTER COLUMN "team_id" DROP NOT NULL;
ALTER TABLE "log_chunks" ADD COLUMN "encoding" TEXT COLLATE "C";
