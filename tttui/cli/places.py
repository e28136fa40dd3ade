"""Finding the session that a person named: names under the root, paths, close matches."""

from pathlib import Path

from tttui.artifacts.discover import find_sessions
from tttui.model.errors import RefusedInput
from tttui.model.here import LOST, reachable, resolved
from tttui.model.session import Place


def existing(path: Path) -> Path:
    """Return an existing path. Raises RefusedInput with the probably intended name."""
    if path.exists():
        return path
    from tttui.cli.main import COMMANDS
    from tttui.cli.options import did_you_mean

    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = did_you_mean(path.name, [*siblings, *(COMMANDS if len(path.parts) == 1 else ())])
    hint = hint if reachable(path) else f"; {LOST}"
    raise RefusedInput(f"{path}: there is no such file, directory or command{hint}")


def find_run(root: Path, run: str) -> Place:
    """The session called `run`: a path, or a name anywhere under the root.

    Raises RefusedInput with names that are close when there is none, and with all of them when
    a name is used more than once.
    """
    for path in (Path(run), root / run):
        if path.is_dir():
            below = find_sessions([path])
            here = [place for place in below if resolved(place.path) == resolved(path)]
            if here:
                return here[0]
            if len(below) == 1:
                return below[0]
            if below:
                names = ", ".join(str(place.path) for place in below[:5])
                raise RefusedInput(f"{path} holds {len(below)} sessions; name one, such as {names}")
    known = find_sessions([root]) if root.is_dir() else ()
    named = [place for place in known if place.name == run]
    if len(named) > 1:
        paths = ", ".join(str(place.path) for place in named)
        raise RefusedInput(f"{run} is the name of several sessions; give a path: {paths}")
    if named:
        return named[0]
    from tttui.cli.options import did_you_mean

    hint = did_you_mean(run, [place.name for place in known])
    if not hint and not known:
        hint = "; there are no sessions there yet, make one with `tttui run` or `tttui demo`"
    if not reachable(root):
        hint = f"; {LOST}"
    raise RefusedInput(f"there is no session {run!r} under {root}{hint}")
