"""The derivative tables.  This page is the contract that every rule keeps.

A function is registered once, with one rule for each of its arguments::

    define_rule(np.multiply, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x)

A rule is called as `rule(g, ans, *args, **kwargs)` and returns the cotangent of its argument, where

* `g` is the cotangent of the result: the derivative of the final output with respect to each entry of `ans`; it has
  the shape and dtype of `ans`,
* `ans` is the result, and `args` and `kwargs` are what the function was called with.  (For a function that returns
  several results `ans` and `g` hold one entry for each.)

In a first-order pass all of these are plain arrays and numbers; when derivatives are differentiated again they are
Values.  A rule is written in NumPy so that both work: it calls NumPy functions and operators, changes nothing in
place and decides nothing by looking at numbers (`np.where`, not `if`).

What it returns may be

* an array that broadcasts from or to the argument's shape: the engine sums or repeats it, and sets the dtype,
* for an argument that is a tuple or list of arrays, one cotangent for each of them (None for "nothing"),
* None: nothing flows.

A `None` in the place of a rule, or no rule, says that nothing ever flows to this argument (an axis, an index, what is
compared).  Zero is another answer: np.floor is constant almost everywhere, and its rule gives zeros.

Complex numbers.  The gradient of a real L with respect to a complex z, which users see and give, is
dL/dRe(z) + i dL/dIm(z): the step z - lr * gradient descends.  The `g` of a rule is its conjugate, for which
dL = Re(sum(g * dz)): then a holomorphic function has the same rule for real and for complex numbers (`g * y` for
np.multiply, `np.fft.fft(g)` for np.fft.fft), with nothing to conjugate.  Only functions that are not holomorphic say
more: np.conjugate has `np.conjugate(g)`, np.imag `-1j * g`, and where the argument is real the engine takes the real
part of what the rule returns.

`guarded=True` keeps the promise that zero stays zero: where `g` is exactly 0 and the derivative is infinite or NaN,
the cotangent is 0.  Elementwise functions whose derivative can be infinite have it.
"""

from . import (  # noqa: F401
    activations,
    elementwise,
    grids,
    indexing,
    linalg,
    ordering,
    polynomials,
    products,
    reductions,
    shaping,
)
