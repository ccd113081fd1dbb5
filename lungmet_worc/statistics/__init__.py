"""Measures, intervals and tests: functions of arrays, nothing of files."""
