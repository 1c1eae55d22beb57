"""What the program is made of; no other program imports it."""
