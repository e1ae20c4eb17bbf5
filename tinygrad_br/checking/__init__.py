"""Derivatives held against numerical ones."""

from .check import check_gradients as check_gradients
from .layers import check_layer as check_layer
from .numerical import NumericalGradient as NumericalGradient
from .numerical import numerical_gradient as numerical_gradient
from .numerical import numerical_hessian as numerical_hessian
from .numerical import numerical_jacobian as numerical_jacobian
from .report import GradientReport as GradientReport
from .report import Row as Row
