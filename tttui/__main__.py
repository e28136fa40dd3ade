"""`python -m tttui` and the console script."""

import sys

from tttui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
