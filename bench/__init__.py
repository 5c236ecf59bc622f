"""Benchmarks on the lab: what a run costs, beside what the same hosts cost pyinfra anyway.

Those of the lab that LAB=NAME names, as for `python -m lab`.
"""
