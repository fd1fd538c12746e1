"""How the book executes its chapters, and what it says about that.

`execution` runs them and keeps the outputs, `strict` keeps a failed build failing, `status`
reports.
"""
