"""A NumPy neural-network library to read: every layer with its derivative beside it."""
