"""What an operator can cause, told apart from bugs."""

from __future__ import annotations


class Refusal(Exception):
    """A node cannot or will not do what it was told; the text is one line for the operator."""
