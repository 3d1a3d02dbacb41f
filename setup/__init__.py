"""Everything that turns a clone into something that runs: the environment and the pages.

Needs nothing but Python's standard library, since it runs before anything is installed.
"""
