"""First programs with `solutions`: each trains one model on the course's data, says how good it is, and draws it.

`lenet`, `mlp` and `logistic` read handwritten digits, `names` tells the country that a surname comes from. Each has
`train(epochs, seed, folder)`, a program to read from top to bottom and to copy; `pictures` holds what they share.
"""

import os

# Matrices this small gain nothing from a second thread of NumPy's BLAS; beside other programs its threads wait for one
# another, and LeNet-5 took five times as long, the LSTM fifty times. NumPy reads this when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
