-- What the inputs of its job were for a build: a JSON object, NULL where it has none.
ALTER TABLE "builds" ADD COLUMN "input_values" TEXT COLLATE "C";
