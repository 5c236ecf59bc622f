"""What ends a command of this program."""


class Refusal(Exception):
    """One line for the user: what it is about, what was found, what was expected, what to type next."""


class Busy(Refusal):
    """The other side does the same already: it may not have missed yet that the link of that was lost."""


class LostLink(Exception):
    """The connection to another machine ended in the middle; what was asked of it can be asked again."""
