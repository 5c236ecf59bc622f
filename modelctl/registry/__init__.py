"""The model registry on the primary datasink: what it stores, checked and pinned."""
