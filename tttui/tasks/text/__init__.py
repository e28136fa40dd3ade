"""A language model that reads a document byte by byte and learns from it as it reads."""
