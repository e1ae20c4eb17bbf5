"""x."""
from ..engine import define_rule
import numpy as np
define_rule(np.reshape, lambda g, ans, x, *a, **k: g.reshape(np.shape(x)))
define_rule(np.transpose, lambda g, ans, x, axes=None: np.transpose(g, axes and np.argsort(axes)))
define_rule(np.broadcast_to, lambda g, ans, x, shape: g)
