"""What a session is: frozen dataclasses and numpy, no input or output."""
