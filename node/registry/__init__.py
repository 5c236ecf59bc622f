"""What runs on a datasink with the rights of its login: the model registry, and what was collected from nodes."""
