"""A fleet embedded in this machine: real Debian hosts for the demo, the tests and the benchmarks."""
