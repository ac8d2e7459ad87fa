"""What the operator sees: widgets that know the model and nothing else."""
