"""The fastr engine: the same tasks as jobs of fastr networks, on whatever fastr can run them on.

The main process never imports fastr. It cuts the tasks into jobs (:mod:`batches`), and starts a
process of its own (:mod:`network`) that hands them to one of fastr's execution plugins. A job
(:mod:`job`) runs its tasks one after the other with the function that the local engine uses, and
writes a small file for each, which is what the main process believes; what fastr says of a job
only explains why such a file is missing.
"""
