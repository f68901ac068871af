"""Lets a test turn the clock of a server: the wall clock is off by as many seconds as the file CLOCK_FILE says."""

import os
import time
from pathlib import Path

_file = Path(os.environ["CLOCK_FILE"])
_true_time = time.time


def _turned() -> float:
    return _true_time() + float(_file.read_text())


time.time = _turned
