"""What a trainer publishes, taken over on the control node: into the registry, into git, and to the fleet."""
