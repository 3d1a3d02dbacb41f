"""How often a service that runs for months looks for cyclic garbage: seldom, since it makes next to none."""

import gc
from typing import Final

#: Objects made and not freed between two looks. Python's 700 is met by every batch of frames, whose objects all are
#: freed by their counts a moment later; looking through them took an eighth of a service's time.
_YOUNG: Final = 50_000
_OLDER: Final = 20


def collect_seldom() -> None:
    """Leave what is there out of every later look, and look seldom; call it when a service is set up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
