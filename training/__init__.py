"""Owner and role of training: examples to prepared data, tuned adapter, evaluation, promotion."""
