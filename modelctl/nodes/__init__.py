"""The way to the hosts, and what they say of themselves."""
