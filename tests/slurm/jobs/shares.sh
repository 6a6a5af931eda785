#!/bin/sh
#SBATCH --array=1-4 --cpus-per-task=1 --time=01:00:00 --requeue --open-mode=append
lesion run study.toml --out results --shard auto --threads "$SLURM_CPUS_PER_TASK" --time-limit 55m
code=$?
# The time is over: Slurm starts this share again, and it resumes.
if [ "$code" = 75 ]; then scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"; fi
exit "$code"
