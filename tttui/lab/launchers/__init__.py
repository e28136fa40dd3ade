"""Where jobs are executed: on this machine, or by Slurm."""
