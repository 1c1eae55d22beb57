"""The commands below `pikoci client`, one module for each thing that they are about."""
