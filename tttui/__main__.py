"""`python -m tttui` and the console script."""

import os
import sys

# The matrices of one session are small: threads would cost more than they compute.
# numpy reads these when it is imported.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

from tttui.cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
