"""The library: typed values of a site, what each host should hold, and the `modelctl` command.

It knows nothing of pyinfra.
"""
