"""Derivatives held against numerical ones."""

from .check import GradientReport as GradientReport
from .check import check_gradients as check_gradients
from .numerical import NumericalGradient as NumericalGradient
from .numerical import numerical_gradient as numerical_gradient
