"""The settings of the task `text`, for all that knows them without torch."""

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.setting import option


@dataclass(frozen=True, slots=True)
class TextSettings:
    """The settings of a document and its steps."""

    file: str = option("-", "the document, any file; - is standard input", file=True)
    chunk: int = option(
        64, "bytes that are predicted before the model learns from them", minimum=1, maximum=255
    )
    context: int = option(
        128, "bytes that the model looks at, those of the chunk among them", minimum=2, maximum=256
    )

    scaled: bool = option(
        True,
        "SGD moves each weight as far as the size of its gradients in the base's training allows",
    )

    def __post_init__(self) -> None:
        if self.context <= self.chunk:
            raise RefusedInput(f"context: {self.context} is not above the chunk of {self.chunk}")
