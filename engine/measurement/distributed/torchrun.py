"""`torchrun` itself, with its failure as one line of JSON, and an end when its starter ends."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

GONE = 1


def main() -> None:
    """`python -m engine.measurement.distributed.torchrun FAILURE_FILE TORCHRUN_ARGUMENT...`."""
    failure_file, *arguments = sys.argv[1:]
    threading.Thread(target=_end_with_starter, daemon=True).start()
    torchrun: Any = run  # its functions say no types
    try:
        torchrun.run(torchrun.parse_args(arguments))
    except ChildFailedError as error:
        Path(failure_file).write_text(json.dumps(_cause(error)))
        raise SystemExit(GONE) from None


def _end_with_starter() -> None:
    """The starter holds the other end of stdin: when it is gone, so is the world."""
    # Not through sys.stdin: its lock, held by this thread, would stop Python from ending.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _cause(error: ChildFailedError) -> dict[str, object]:
    """Who failed first. A process killed outright explains what the others complain of."""
    killed = {
        rank: failure
        for rank, failure in error.failures.items()
        if failure.exitcode < 0 and failure.exitcode != -signal.SIGTERM
    }
    failures: dict[int, ProcessFailure] = killed or dict(error.failures)
    rank = min(failures, key=lambda number: failures[number].timestamp)
    failure = failures[rank]
    said = failure.message
    return {
        "rank": rank,
        "signal": failure.signal_name() if failure.exitcode < 0 else None,
        "exit_code": failure.exitcode,
        "message": said.get("message", "") if isinstance(said, dict) else str(said),
    }


if __name__ == "__main__":
    main()
