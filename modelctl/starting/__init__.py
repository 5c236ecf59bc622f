"""A new site, in a git repository of its own: from three hosts, from the default site or from an Ansible inventory."""
