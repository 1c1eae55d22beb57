-- A pipeline that belongs to no team is being deleted. SQLite cannot drop NOT NULL but by editing the table's text:
-- https://www.sqlite.org/lang_altertable.html#otheralter. Copying the table would delete what refers to it.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, '"team_id" INTEGER NOT NULL', '"team_id" INTEGER')
    WHERE type = 'table' AND name = 'pipelines';
PRAGMA writable_schema = RESET;
-- The encoding of a chunk's data; NULL is the bytes themselves.
ALTER TABLE "log_chunks" ADD COLUMN "encoding" TEXT;
