"""The units used inside, and the exact steps between them.

Measured quantities are in s, J, W, bytes and FLOP. Projected quantities are in
h, kWh, USD, kgCO2e and litres. GB is 10**9 bytes; GiB is 2**30 and appears only
beside allocators.
"""

import numpy as np
import numpy.typing as npt

Float = float | npt.NDArray[np.float64]
"""One number, or an array of them: every formula takes either and returns the same shape."""

THOUSAND = 1e3
MILLION = 1e6
BILLION = 1e9
TERA = 1e12

SECONDS_PER_HOUR = 3_600.0
HOURS_PER_DAY = 24.0
DAYS_PER_YEAR = 365.25
MONTHS_PER_YEAR = 12.0
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR
HOURS_PER_MONTH = DAYS_PER_MONTH * HOURS_PER_DAY
HOURS_PER_YEAR = DAYS_PER_YEAR * HOURS_PER_DAY

JOULES_PER_KWH = 3.6e6
WATTS_PER_KILOWATT = 1e3
GRAMS_PER_KG = 1e3

BYTES_PER_GB = 1e9
BYTES_PER_GIB = 2.0**30
BITS_PER_BYTE = 8.0

BYTES_PER_VALUE = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5}
"""Bytes one stored number takes, by precision."""
