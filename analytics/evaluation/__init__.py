"""The live engine over WFDB records: read them, run them, score them, say it."""
