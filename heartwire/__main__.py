"""``python -m heartwire`` is the command ``heartwire``."""

from heartwire.cli import main

main()
