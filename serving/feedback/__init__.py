"""What people said about answers: where the fault was, and what may leave for training."""
