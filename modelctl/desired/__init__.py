"""What each host should hold: its configs, its units, its model versions."""
