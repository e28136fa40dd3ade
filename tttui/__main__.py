"""`python -m tttui` and the console script."""

import os
import sys

# `python -m` puts the working directory first on the path: a click.py or torch.py that lies
# beside somebody's sessions is none of ours. It stays where tttui itself is found there.
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__" and not sys.flags.safe_path and sys.path[0] != _HOME:
    del sys.path[0]

# The matrices of one session are small: threads would cost more than they compute.
# numpy reads these when it is imported.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

from tttui.cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
