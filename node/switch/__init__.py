"""From one set of a service to another, all or nothing; and back, by itself, when it is unhealthy."""
