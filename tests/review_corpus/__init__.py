"""Code with planted bugs, changes without any, and what a model might say of them: data for tests and benchmarks."""
