"""Figures and tables of sessions as files: PNG, SVG, PDF and CSV, drawn from the data.

matplotlib is imported only when a figure is made: starting must not wait for it.
"""
