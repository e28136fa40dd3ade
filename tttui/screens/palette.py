"""The command palette: every command, by what it is for."""

from textual.command import DiscoveryHit, Hits
from textual.system_commands import SystemCommandsProvider


class GroupedCommands(SystemCommandsProvider):
    """Offers the commands in the order that the screen gives them, until something is typed."""

    async def discover(self) -> Hits:
        for title, help, callback, discover in self.app.get_system_commands(self.screen):
            if discover:
                yield DiscoveryHit(title, callback, help=help)
