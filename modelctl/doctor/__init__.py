"""What hosts lack of what a deploy and their service need, and what mends it."""
