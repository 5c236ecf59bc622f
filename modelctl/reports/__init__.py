"""What the commands show that only look: list, show, verify, status."""
