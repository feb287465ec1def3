"""What we measured: workloads run under meters, on this machine.

Threads of one step that wait for each other spin for some 30 microseconds, then sleep. By
default they spin on, and where anything else runs on one of the cores a step takes a hundred
times as long; on an idle machine the shorter spinning changes nothing. It is read when torch
is loaded, which only this package does.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "10000")
