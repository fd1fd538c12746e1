"""Pages in other languages, each the twin of an English one.

A translation says so in its front matter:

    translation_of: lab-solution
    language: es

The name is seen from the page's folder. When the book is built, both sources are compared
(`compare`): a translation with another structure, another formula, number or reference, or with a
paragraph left in English, is a warning, so a strict build stops. Its targets have the suffix `-es`.
What the book itself says on the page is in its language (`words.py`), and each of the two pages
leads readers and search engines to the other (`pages`).
"""
