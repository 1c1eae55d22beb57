-- What is known of a version beside its keys, such as a commit's author: a JSON object, NULL where nothing is.
ALTER TABLE "versions" ADD COLUMN "metadata" TEXT;
