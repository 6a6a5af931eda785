#!/bin/sh
#SBATCH --array=1-6 --cpus-per-task=1 --time=01:00:00 --requeue --open-mode=append
lesion run sweep.toml --out results --task auto --threads "$SLURM_CPUS_PER_TASK"
