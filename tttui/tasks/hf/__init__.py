"""A causal language model from a local Hugging Face directory, which learns as it reads."""
