"""The default site: values that an operator edits, and nothing else."""
