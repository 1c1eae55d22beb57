"""What resource types and steps work with: a place on disk, an environment, commands, masks, a lifetime."""
