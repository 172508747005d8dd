"""Lossless rewriting of the users' functions: what a callable uses, and its text in its new home.

``libcst`` is imported here and nowhere else; only files whose functions are rewritten pay for it.
"""
