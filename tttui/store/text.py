"""The document of the open session, of the task `text`."""

from tttui.artifacts.documentfile import DocumentFiles
from tttui.model.document import Reading
from tttui.model.session import Place
from tttui.store.feed import Core, Feed
from tttui.store.snapshot import DOCUMENT


class DocumentFeed(Feed[Reading | None]):
    """How much of the document and of its losses is there."""

    part = DOCUMENT

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._files: tuple[Place, DocumentFiles] | None = None

    def refresh(self) -> None:
        data = self.core.snapshot.data
        if data is None:
            return
        if self._files is None or self._files[0] != data.place:
            self._files = data.place, DocumentFiles(data.place.path)
        reading = self._files[1].refresh(data.meta)
        if reading is not self.value:
            self.put(reading)

    def forget(self) -> None:
        self._files = None
