"""A causal language model from a local Hugging Face directory, which learns as it reads."""

LORA, NORMS = "lora", "norms"
"""What --plastic calls the adapters, and the layers of normalization."""
