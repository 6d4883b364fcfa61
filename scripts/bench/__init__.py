"""Our cost beside that of others: `make bench`. README.md says how to read it."""
