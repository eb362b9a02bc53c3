"""Counts what the schedules of all pieces exercised: each path once, whichever pieces it came up in.

usage: soak_paths.py DIRECTORY LEAST. Fails where there are fewer paths than that.
"""

import sys
from array import array
from pathlib import Path


def main():
    directory, least = Path(sys.argv[1]), int(sys.argv[2])
    found, runs = set(), 0
    for path in sorted(directory.glob("*.paths")):
        numbers = array("Q")
        numbers.frombytes(path.read_bytes())
        runs += len(numbers)
        found.update(numbers)
    print(f"soak: {len(found)} paths, each counted once, of {runs} that differ within their piece")
    sys.exit(0 if len(found) >= least else 1)


if __name__ == "__main__":
    main()
