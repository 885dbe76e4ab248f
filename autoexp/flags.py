"""What a reduced value may carry beside its sigma: a word of bits."""

from enum import IntFlag


class Flags(IntFlag):
    """What a person, or a rule, should know before a reduced value is believed; a word of bits."""

    NONE = 0
    NO_FRAMES = 1
    NO_SIGNAL = 2
    UNRESOLVED = 4
    CLIPPED = 8
    MASKED = 16
    NOT_CONVERGED = 32
    SATURATED = 64
    INCOMPLETE = 128
    HOT_PIXELS = 256
    DEAD_PIXELS = 512
    CHANGED = 1024
    FRAMES_LOST = 2048


UNBELIEVABLE = Flags.CLIPPED | Flags.NOT_CONVERGED | Flags.SATURATED
"""With one of these a value is no measurement of what it is named after: part of the beam is not in it."""

FLAGS = "_flags"
"""What follows a detector's name in the name of the field that holds its flags."""
