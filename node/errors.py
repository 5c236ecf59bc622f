"""What an operator can cause, told apart from bugs."""

from __future__ import annotations


class Refusal(Exception):
    """A node cannot or will not do what it was told; the text is one line for the operator."""


class Unknown(Refusal):
    """A look that could not be made: what it was for may be so or not, and is never taken for right."""
