"""What runs on a datasink: the model registry with its clean-up, what was collected from nodes, the deployment log."""
