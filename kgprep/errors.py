"""The one exception that stands for a mistake a user can mend."""

from __future__ import annotations


class KgprepError(Exception):
    """A problem the user can act on; its message is one sentence: what is wrong, where, what to do.

    The command line prints the message alone and exits with 1; ``--debug`` shows the traceback.
    """
