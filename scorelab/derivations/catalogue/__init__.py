"""The derivations of the book, one a module."""
