"""What experiments and benchmarks share: the machine, Markdown tables, stresses, sealed campaigns, held-out data."""
