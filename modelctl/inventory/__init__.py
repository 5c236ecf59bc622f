"""The types of a site, and what must agree across it."""
