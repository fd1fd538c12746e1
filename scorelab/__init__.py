"""The score lab: exact scores, samplers and derivations, as the chapters of the book use them."""

from scorelab._support.moved import find_moved

find_moved()
