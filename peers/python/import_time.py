"""How long `import memory_system` takes, from the wheel as it is installed, and how large the wheel is.

usage: import_time.py WHEEL RUNS. Prints JSON.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path


def main() -> None:
    wheel, runs = Path(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as site:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        environment = {**os.environ, "PYTHONPATH": site}
        run(environment, "import memory_system")  # compiles the byte code, as an installer does
        programs = {"bare": "pass", "import": "import memory_system"}
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(runs):
            for name, program in programs.items():
                times[name].append(run(environment, program))
        unpacked = sum(path.stat().st_size for path in Path(site).rglob("*") if path.suffix != ".pyc" and path.is_file())
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(
        json.dumps(
            {
                "python": sys.version.split()[0],
                "runs": runs,
                "bare_ms": medians["bare"],
                "import_ms": medians["import"] - medians["bare"],
                "wheel_bytes": wheel.stat().st_size,
                "unpacked_bytes": unpacked,
            }
        )
    )


def run(environment: dict[str, str], program: str) -> float:
    """Milliseconds of one interpreter, from start to end."""
    start = time.perf_counter()
    # Not the current directory, which may hold a package of the same name.
    subprocess.run([sys.executable, "-P" if sys.version_info >= (3, 11) else "-s", "-c", program], env=environment, check=True)
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    main()
