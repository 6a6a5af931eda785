parallel lesion run study.toml --out results --threads 1 --shard {}/4 ::: 1 2 3 4
lesion run study.toml --out results
