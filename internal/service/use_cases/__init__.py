"""What people and workers ask of the server. Access is checked here, before anything else."""
