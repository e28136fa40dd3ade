"""Starting does not wait for what only an export needs."""

import subprocess
import sys


def test_the_app_and_the_commands_start_without_matplotlib() -> None:
    code = (
        "import sys, tttui.app, tttui.cli.export, tttui.export.files;"
        "print(*(m for m in ('matplotlib', 'torch') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
