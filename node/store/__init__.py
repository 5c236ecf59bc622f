"""What a node has on its disk: opening and changing it, sets, versions, history, and notes of what has begun."""
