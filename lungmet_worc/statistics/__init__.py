"""Measures, intervals and tests: functions of arrays, nothing of files.

Two things that papers report are not offered, because they mislead.

A t-test over folds or repeated splits that takes them for independent. The splits share patients,
so that the differences are correlated, and such a test finds differences far too often [1]_. What
is offered: the corrected resampled t-test, DeLong's test and a bootstrap over patients.

The net reclassification index and the integrated discrimination improvement. A model that adds
nothing but noise gets a positive net reclassification index when it is fitted or calibrated badly,
even on independent test data [2]_; its usual standard errors and tests are wrong, and one number
hides which patients gain and which lose [3]_. What a reclassification is worth to patients is what
the net benefit of `decision_curve` shows.

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
