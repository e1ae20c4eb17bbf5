"""Derivatives held against numerical ones.

* `ladder` finds the derivative of a function of one number, with a bound on its error; `numerical` does so for arrays.
* `check` is the way in to checks: `compare` chooses entries and directions, `verdict` judges them, `opinions` thinks
  twice about what looks wrong (`noise` knows of rounding, `closer` of very small steps), `report` is the table;
  `mistakes` and `blame` say what is wrong and where, `models` and `layers` make functions of networks,
  `plotting` draws.
* `conformance` is the check of every rule of the library: `rows` says what to check, `agreement` and `accuracy` hold a
  row against numerical derivatives and count its ULP, `kinks` keeps what was decided where derivatives jump.
"""

from .check import check_gradients as check_gradients
from .layers import check_layer as check_layer
from .numerical import NumericalGradient as NumericalGradient
from .numerical import numerical_gradient as numerical_gradient
from .numerical import numerical_hessian as numerical_hessian
from .numerical import numerical_jacobian as numerical_jacobian
from .report import GradientReport as GradientReport
from .report import Row as Row
