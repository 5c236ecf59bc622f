"""Text that others have a hand in, before a terminal or a log gets it."""


def printable(text: str, limit: int) -> str:
    """Return the text as one line of at most so many characters, without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:limit])
