"""What we measured: workloads run under meters, on this machine.

Threads that wait for each other do so asleep: by default they spin, and where anything
else runs on one of the cores a step takes fifty times as long as it does asleep. This
is read when torch is loaded, which only this package does.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
