"""What runs on the trainer: the way of a new model from its folder to the fleet.

Python 3.6 and its standard library, because that is what the trainer has; it imports nothing of the rest.
"""
