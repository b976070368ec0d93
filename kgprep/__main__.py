"""``python -m kgprep`` is ``kgprep``."""

from kgprep.cli import main

main(prog_name="kgprep")
