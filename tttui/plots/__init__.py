"""The charts of a session, described once (`draw.plot`): panes paint them in cells, figures on
paper."""
