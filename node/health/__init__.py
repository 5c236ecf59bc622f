"""Whether a service does its work: its processes, its journal, its ports, its answers, its pictures."""
