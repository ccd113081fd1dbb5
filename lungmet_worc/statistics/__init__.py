"""Measures, intervals and tests: functions of arrays, nothing of files.

Two things that papers report are not offered, because they mislead.

A t-test over folds or repeated splits that takes them for independent. The splits share patients,
so that the differences are correlated, and such a test finds differences far too often [1]_. What
is offered: the corrected resampled t-test, DeLong's test and a bootstrap over patients.

The net reclassification index. On independent test data it is likely to be positive for a model
that adds nothing but noise, where the risks are fitted badly [2]_; tests of it are inferior to
established ones, and its sum hides that patients with and without the outcome are reclassified
differently [3]_. With two classes its parts are the changes of sensitivity and specificity, which
are reported; what they are worth to patients is the net benefit of `decision_curve`.

References
----------
.. [1] Nadeau C, Bengio Y. Inference for the generalization error. Machine Learning 2003;52:239-281.
   doi:10.1023/A:1024068626366
.. [2] Pepe MS, Fan J, Feng Z, Gerds T, Hilden J. The net reclassification index (NRI): a misleading
   measure of prediction improvement even with independent test data sets. Statistics in Biosciences
   2015;7:282-295. doi:10.1007/s12561-014-9118-0
.. [3] Kerr KF, Wang Z, Janes H, McClelland RL, Psaty BM, Pepe MS. Net reclassification indices for
   evaluating risk prediction instruments: a critical review. Epidemiology 2014;25:114-121.
   doi:10.1097/EDE.0000000000000018
"""
