"""A long document, read to its end: `python -m benchmarks.text_long [MEGABYTES]`.

A session of `tttui run --task text` with its defaults over modules of Python's library. Prints
the time, the memory that the process holds over the first and the last tenth of the run (a
figure that grew with the document would mean that hours of reading end without memory), and how
long `tttui show` takes afterwards.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOOK_S = 1.0
"""Seconds between two looks at the memory."""


def library(size: int) -> bytes:
    """Python's own modules, one after another."""
    text = b""
    for path in sorted(Path(os.__file__).parent.rglob("*.py")):
        if "site-packages" not in path.parts and "test" not in str(path):
            text += path.read_bytes()
        if len(text) >= size:
            break
    return text[:size]


def resident(pid: int) -> int:
    """Megabytes of memory that a process holds; 0 where it is gone."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmRSS:\s+(\d+)", told)
    return int(found[1]) // 1024 if found else 0


def main() -> None:
    size = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "library"
        document.write_bytes(library(size))
        tttui = (sys.executable, "-m", "tttui")
        named = ("--root", folder, "--name", "long", "--quiet")
        began = time.monotonic()
        run = subprocess.Popen(
            [*tttui, "run", "--task", "text", "--file", str(document), *named],
            stdout=subprocess.DEVNULL,
        )
        held = list[int]()
        while run.poll() is None:
            time.sleep(LOOK_S)
            held.append(resident(run.pid))
        took = time.monotonic() - began
        held = [one for one in held if one]
        tenth = max(len(held) // 10, 1)
        first, last = statistics.median(held[:tenth]), statistics.median(held[-tenth:])
        print(f"{document.stat().st_size} bytes in {took:.0f} s: {size / took:.0f} bytes/s")
        print(f"memory: {first:.0f} MB in the first tenth, {last:.0f} MB in the last, ", end="")
        print(f"{max(held)} MB at most")
        session = Path(folder) / "long"
        files = sum(path.stat().st_size for path in session.rglob("*") if path.is_file())
        began = time.monotonic()
        shown = subprocess.run(
            [*tttui, "show", str(session), "--json"], capture_output=True, check=True
        )
        print(f"session: {files / 1e6:.0f} MB; tttui show: {time.monotonic() - began:.1f} s")
        print(json.loads(shown.stdout)["verdict"])


if __name__ == "__main__":
    main()
