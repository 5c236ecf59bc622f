"""The closing word of a run: what became of each host, and why, last on the screen."""
