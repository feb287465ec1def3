"""NVIDIA's driver library, small enough to break: compiled from `nvml_standin.c`, read by the
real `pynvml`."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")
LIBRARY_NAME = "libnvidia-ml.so.1"
QUANTITIES = (
    "energy_mj",
    "mean_power_mw",
    "instant_power_mw",
    "clock_mhz",
    "memory_clock_mhz",
    "temperature_celsius",
    "use_percent",
    "memory_used_bytes",
    "power_limit_mw",
)
BOARD_COUNT = 2

NOT_SUPPORTED = 3
DRIVER_NOT_LOADED = 9
GPU_IS_LOST = 15


def compiled(folder: Path) -> Path:
    """The library in a folder; skips the test where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to build the stand-in for the NVIDIA driver")
    library = folder / LIBRARY_NAME
    if not library.exists():
        command = [compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-O1"]
        subprocess.run([*command, "-o", str(library), str(SOURCE)], check=True)
    return library


class Standin:
    """The library as a test turns it."""

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))
        boards = (ctypes.c_longlong * len(QUANTITIES)) * BOARD_COUNT
        errors = (ctypes.c_int * len(QUANTITIES)) * BOARD_COUNT
        self._values = boards.in_dll(self.library, "standin_boards")
        self._errors = errors.in_dll(self.library, "standin_errors")
        self._init_error = ctypes.c_int.in_dll(self.library, "standin_init_error")

    def reset(self) -> None:
        """A driver that is loaded, and two boards that tell 0 of everything."""
        self._init_error.value = 0
        self.library.nvmlShutdown()
        for board in range(BOARD_COUNT):
            self.tell(board, **dict.fromkeys(QUANTITIES, 0))
            self.fail(board, 0, *QUANTITIES)

    def tell(self, board: int, **values: int) -> None:
        """What a board answers from now on."""
        for name, value in values.items():
            self._values[board][QUANTITIES.index(name)] = value

    def fail(self, board: int, code: int, *names: str) -> None:
        """NVML's error code for some of a board's answers; 0 lets them succeed again."""
        for name in names:
            self._errors[board][QUANTITIES.index(name)] = code

    def lose(self, board: int) -> None:
        """As when a GPU falls off the bus: whatever is asked."""
        self.fail(board, GPU_IS_LOST, *QUANTITIES)

    def unload(self) -> None:
        """As when the kernel has no NVIDIA driver."""
        self._init_error.value = DRIVER_NOT_LOADED
