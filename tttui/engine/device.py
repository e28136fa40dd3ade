"""Whether a device is there, asked before anything is written."""

from tttui.model.errors import RefusedInput, TttuiError


def check_device(name: str) -> None:
    """Raise RefusedInput where the engine cannot compute on the device `name`.

    The processor always works and is not asked (importing torch takes seconds).
    """
    if name == "cpu":
        return
    from tttui.engine.learner import torch_device

    try:
        torch_device(name)
    except TttuiError as error:
        raise RefusedInput(str(error)) from error
