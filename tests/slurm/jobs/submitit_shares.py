import submitit

SHARES = 4
executor = submitit.AutoExecutor(folder="logs")
executor.update_parameters(timeout_min=60, cpus_per_task=1)
lesion = submitit.helpers.CommandFunction(["lesion", "run", "study.toml", "--out", "results"])
shares = [f"--shard={number}/{SHARES}" for number in range(1, SHARES + 1)]
for job in executor.map_array(lesion, shares):
    print(job.result())
lesion()
