"""System: the machine, its GPUs, and which jobs and sessions hold them."""
