"""The library: a site's values, what each host should hold, and the `modelctl` command. It knows nothing of pyinfra."""
