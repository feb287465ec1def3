"""Beyond one process: collectives and data-parallel steps, under `torchrun`.

`jobs` says what is measured, `worker` is what each process runs, `launch` starts them and
hands on what the first of them reports, `fit` gives latency and bandwidth. All processes of
one run together are a world; a world yields one record a job.
"""
