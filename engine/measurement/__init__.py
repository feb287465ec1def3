"""What we measured: workloads under meters on this machine, one record each."""
