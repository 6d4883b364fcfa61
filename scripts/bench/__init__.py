"""Compare our performance with that of others: `make bench`. README.md explains the results."""
