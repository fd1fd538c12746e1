"""A lecture of one's own: a plan in one file becomes a deck, made of what the built site holds.

`plan` reads and checks a plan, `site` finds what the site keeps of each chapter, `deck` makes the
slides, and `command` is `python -m scorelab lecture`.
"""
