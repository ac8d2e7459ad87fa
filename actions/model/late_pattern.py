"""A regular expression that is compiled when it is first used, for those that the first screen does without.

Compiling three long ones took a hundredth of the time to the first screen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    def late_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
        """As ``re.compile``; what is wrong with it is told when it is first used."""
else:

    class late_pattern:
        """As ``re.compile``; what is wrong with it is told when it is first used."""

        def __init__(self, pattern: str, flags: int = 0) -> None:
            self._wanted = (pattern, flags)

        def __getattr__(self, name: str) -> Any:
            found = getattr(re.compile(*self._wanted), name)
            self.__dict__[name] = found
            return found
