"""Everything that can be wrong with a study before it runs."""
