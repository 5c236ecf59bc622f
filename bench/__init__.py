"""Benchmarks on the lab: what a run costs, beside what the same hosts cost pyinfra anyway."""
