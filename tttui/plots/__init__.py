"""What charts show of a session, described once (`draw.plot`): panes paint it in cells, figures on
paper."""
