"""What a node says of itself: to a deploy, to status, to its console."""
