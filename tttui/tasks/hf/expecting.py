"""What both models of a session of the task `hf` expect at a token of its document.

`python -m tttui.tasks.hf.expecting` is a process of its own: a model is large, and torch would hold
up the screen that asks. It reads questions from its input, a JSON object a line, `directory` and
`number` (of the token), and answers each with a line; it ends with its input.
"""

import json
import sys
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch

from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.reader import SessionReader
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place, SessionData
from tttui.model.tensors import whole
from tttui.model.weights import index_at
from tttui.runs.tasksettings import TaskSettings
from tttui.tasks.hf.network import load_tokenizer
from tttui.tasks.hf.task import HfTask
from tttui.tasks.hf.tokens import bytes_of

MOST = 5
"""Continuations of a model."""

Answer = dict[str, Any]


class Expecting:
    """The model of one session, with the weights of the base or of a snapshot."""

    def __init__(self, directory: Path) -> None:
        """Raises TttuiError where the model is not at hand."""
        settings = TaskSettings.recorded(read_meta_of(directory, whole=True), directory, None)
        if not issubclass(settings.task, HfTask):
            raise RefusedInput(f"{directory}: reads with no model of the task hf")
        torch.set_num_threads(max(settings.conduct.threads, 1))
        self.task = settings.task(settings.own, settings.conduct.seed, directory)
        self.module, _ = self.task.prepared(settings.patterns)
        self.tokenizer = load_tokenizer(self.task.source)
        self._parameters = dict(self.module.named_parameters())
        self._reader = SessionReader(Place(directory, "native"))

    def at(self, number: int) -> Answer:
        """What the frozen and the adaptive model expect at a token."""
        data = self._reader.refresh()
        while data.loading:
            data = self._reader.refresh()
        t = number // self.task.settings.chunk
        return {
            "frozen": self._answer(self._take_base(data), "base", number),
            "adaptive": self._answer(*self._take_snapshot(data, t), number),
        }

    def _answer(self, why_not: str, source: str, number: int) -> Answer:
        return {"why_not": why_not} if why_not else {"source": source, **self._expected(number)}

    def _take_base(self, data: SessionData) -> str:
        """Put the weights of the base in force; why not, where that cannot be."""
        if data.begun is None:
            problem = data.problem("base")
            return f"base_plastic: {'is missing' if problem is None else problem.reason}"
        for spec in data.meta.schema.plastic:
            if spec.name not in data.begun.specs:
                return f"base_plastic: has no {spec.name}"
            if why_not := self._put(spec.name, np.asarray(whole(data.begun, spec.name))):
                return why_not
        return ""

    def _take_snapshot(self, data: SessionData, t: int) -> tuple[str, str]:
        """Put the newest snapshot up to step t in force; why not, and the name of it."""
        history = data.history
        i = None if history is None else index_at(history, t)
        if history is None or i is None:
            return f"weights_history.npy: has no snapshot up to step {t}", ""
        plastic = data.meta.schema.plastic
        held = sum(spec.name in history.weights for spec in plastic)
        if held < len(plastic):
            return f"weights_history.npy holds {held} of {len(plastic)} parameters, not all", ""
        for spec in plastic:
            if why_not := self._put(spec.name, np.asarray(history.weights[spec.name][i])):
                return why_not, ""
        return "", data.transactions.snapshot_name(int(history.t[i]), t)

    def _put(self, name: str, values: "np.ndarray[Any, Any]") -> str:
        parameter = self._parameters.get(name)
        if parameter is None or parameter.numel() != values.size:
            return f"{name}: is no parameter of the model on this machine"
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(values.astype(np.float32)).reshape(parameter.shape))
        return ""

    def _expected(self, number: int) -> Answer:
        chunk = self.task.settings.chunk
        window = self.task.batch(number // chunk)
        ahead = len(window.next) - number % chunk - 1
        seen = window.seen[:, : window.seen.shape[1] - ahead]
        with torch.no_grad():
            logits = self.module(input_ids=seen).logits[0, -1].float()
        probable = torch.softmax(logits, 0)
        if not bool(torch.isfinite(probable).all()):
            return {"why_not": "its weights give no numbers"}
        came = int(window.next[number % chunk])
        best = torch.topk(probable, MOST)
        return {
            "likely": [
                [bytes_of(self.tokenizer, token).hex(), share, token == came]
                for token, share in zip(best.indices.tolist(), best.values.tolist(), strict=True)
            ],
            "came": float(probable[came]),
            "rank": 1 + int((probable > probable[came]).sum()),
        }


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer each line, until there are no more."""
    loaded: tuple[str, Expecting] | None = None
    for line in questions:
        request = json.loads(line)
        try:
            if loaded is None or loaded[0] != request["directory"]:
                loaded = None  # only one model is held
                loaded = request["directory"], Expecting(Path(request["directory"]))
            answer = loaded[1].at(request["number"])
        except TttuiError as error:
            answer = {"why_not": str(error)}
        except MemoryError:
            answer = {"why_not": "there is not enough memory for the model"}
        except Exception as error:  # whatever a library makes of a file: told where it is shown
            answer = {"why_not": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    # What libraries print must not stand between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    serve(sys.stdin, out)
