"""x."""
from ..engine import define_rule
import numpy as np
import operator
def getitem_rule(g, ans, x, index):
    out=np.zeros(np.shape(x), g.dtype); np.add.at(out,index,g); return out
define_rule(operator.getitem, getitem_rule)
