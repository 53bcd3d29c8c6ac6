"""``python -m tests.campaign --rounds 300 --seed 1``: status 0 if nothing was lost, doubled or foreign."""

import argparse
import sys
import tempfile
from pathlib import Path

from .rounds import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, help="where journals, log and store are kept (default: nowhere)"
    )
    options = parser.parse_args()
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        return int(bool(run(options.folder, options.rounds, options.seed)))
    with tempfile.TemporaryDirectory() as folder:
        return int(bool(run(Path(folder), options.rounds, options.seed)))


if __name__ == "__main__":
    sys.exit(main())
