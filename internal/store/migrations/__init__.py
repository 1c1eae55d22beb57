"""SQL files, `NNNN_name.<system>.sql`. Once released, a file never changes: a new one changes the schema."""
