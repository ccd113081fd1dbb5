"""WORC's numbers in less time: one function beside each function of WORC that it stands for.

``search.SEARCH`` puts those of the search into WORC's modules, ``extraction.EXTRACTION`` those of
the feature extraction, ``evaluation.EVALUATION`` that of the evaluation, only in the process that
uses them and only where the installed versions are those of :mod:`checked`. ``[run] accelerate =
false`` leaves WORC as it is.
"""
