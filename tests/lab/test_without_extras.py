"""Nothing of an extra is imported, or missed, by those who do not use it."""

import os
import subprocess
import sys
from pathlib import Path

from tttui.lab.providers.configuration import Definition, add_definition

HIDING = """
import sys
HIDDEN = {"openai", "anthropic", "transformers", "peft", "safetensors", "submitit", "gguf"}
class Hides:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hides())
from tttui.cli.main import main
for words in (line.split() for line in sys.argv[1:]):
    print(words, file=sys.stderr, flush=True)
    code = main(words)
    assert code == 0, (words, code)
assert not HIDDEN & set(sys.modules)
"""


def test_without_the_extras_everything_else_works(tmp_path: Path) -> None:
    config = tmp_path / "tttui" / "providers.toml"
    add_definition(config, Definition("e", "openai", "http://127.0.0.1:9/v1", "m"))
    root = f"--root {tmp_path / 'runs'}"
    lines = [
        "--help",
        f"run --name a --steps 40 --quiet {root}",
        f"ls {root}",
        f"show a {root}",
        f"provider list {root}",
        f"provider matrix {root}",
        f"provider validate-training numpy {root}",
        f"job list {root}",
    ]
    done = subprocess.run(
        [sys.executable, "-c", HIDING, *lines],
        text=True,
        capture_output=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "e          openai" in done.stdout
