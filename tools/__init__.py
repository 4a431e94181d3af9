"""What the Makefile calls: setup, lint, unit tests, Molecule scenarios, and all of them with one
sum."""
