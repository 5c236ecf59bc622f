"""The site's values."""
