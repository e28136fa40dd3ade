"""The views of the lab; `panes.lab.base` says how to add one."""
