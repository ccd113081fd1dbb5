"""The figures of a study, each with the numbers that it shows."""
