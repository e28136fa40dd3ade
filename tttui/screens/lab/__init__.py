"""The lab: a screen of its own beside the tabs, and its dialogs."""
