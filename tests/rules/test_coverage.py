"""The functions of NumPy and scipy.special that a user may count on, each called once in an ordinary way.

A line of `CALLS` is what a user writes.  Its names are NumPy's; the letters are inputs (`INPUTS`), which are Values in
one run and plain arrays in the other.  What a call gives is NumPy's result and the derivative of the numbers; the table
of rules tests each function more closely.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value
from tinygrad_br.checking.agreement import compare, weights_like

rng = np.random.default_rng(0)
INPUTS = {
    "x": rng.normal(size=6), "y": rng.normal(size=6),  # vectors of any sign
    "p": rng.uniform(1.1, 2.0, 6), "q": rng.uniform(0.1, 0.9, 6),  # above one, between zero and one
    "A": rng.normal(size=(3, 4)), "B": rng.normal(size=(4, 2)),  # matrices
    "S": rng.normal(size=(3, 3)) / 3 + np.diag([2.0, 4.0, 6.0]), "b": rng.normal(size=3),  # a square one, well-behaved
    "T": rng.normal(size=(2, 3, 4)),  # a stack
}  # fmt: skip

CALLS = {
    "elementwise": """
        positive(x) negative(x) add(x,y) subtract(x,y) multiply(x,y) divide(x,y) true_divide(x,p) power(p,x)
        float_power(p,x) square(x) sqrt(p) cbrt(x) reciprocal(x) absolute(x) abs(x) fabs(x) exp(x) exp2(x) expm1(x)
        log(p) log2(p) log10(p) log1p(p) logaddexp(x,y) logaddexp2(x,y) sin(x) cos(x) tan(x) arcsin(q) arccos(q)
        arctan(x) sinh(x) cosh(x) tanh(x) arcsinh(x) arccosh(p) arctanh(q) sinc(x) deg2rad(x) degrees(x) rad2deg(x)
        radians(x) hypot(x,y) arctan2(x,y) remainder(x,p) mod(x,p) fmod(x,p) divmod(x,p)[1] modf(x)[0] copysign(x,y)
        ldexp(x,3) nan_to_num(x) maximum(x,y) minimum(x,y) fmax(x,y) fmin(x,y) conjugate(x) real(x) asin(q) acos(q)
        i0(x) emath.sqrt(p) emath.log(p) emath.logn(2,p) emath.power(p,1.5) emath.arcsin(q)
        atan(x) asinh(x) acosh(p) atanh(q) atan2(x,y) pow(p,x)
    """,
    "zero": """
        heaviside(x,0.5) floor(x) ceil(x) trunc(x) rint(x) fix(x) round(x,1) around(x) sign(x) divmod(x,p)[0]
        floor_divide(x,p) modf(x)[1] imag(x) spacing(x)
    """,
    "truth": """
        less(x,y) less_equal(x,y) greater(x,y) greater_equal(x,y) equal(x,y) not_equal(x,y) logical_and(x>0,y>0)
        logical_or(x>0,y>0) logical_xor(x>0,y>0) logical_not(x>0) isnan(x) isinf(x) isfinite(x) signbit(x)
        isclose(x,y) all(x) any(x)
        argmax(x) argmin(x) argsort(x) argpartition(x,2) searchsorted([-1.0,0.0,1.0],x) nonzero(x)[0] flatnonzero(x)
        count_nonzero(x) argwhere(x) digitize(x,[-1.0,0.0,1.0]) linalg.matrix_rank(S)
    """,
    "methods of ufuncs": """
        add.reduce(A) multiply.reduce(A,axis=1) maximum.reduce(A) minimum.reduce(A) add.accumulate(x)
        multiply.accumulate(x) maximum.accumulate(A) minimum.accumulate(A,axis=1) subtract.reduce(A) logaddexp.reduce(x)
        fmax.reduce(A) hypot.accumulate(x) add.reduceat(x,[0,3]) multiply.outer(x,y) add.outer(x,y) subtract.outer(x,y)
    """,
    "reductions and scans": """
        sum(A,axis=(0,-1)) mean(A,axis=-1,keepdims=True) average(A,axis=1,weights=p[:4]) var(A,axis=0,ddof=1)
        std(A,ddof=1) prod(A,axis=1) max(T,axis=(0,2)) min(A,axis=0) amax(A) amin(A) ptp(A,axis=1) median(A,axis=0)
        percentile(A,30) quantile(A,[0.2,0.5],axis=1) nansum(A) nanmean(A,axis=0) nanmax(A) nanmin(A,axis=1) nanvar(A)
        nanstd(A) nanprod(A,axis=0) nanmedian(A) nanquantile(A,0.4,axis=1) nanpercentile(A,[20,50]) cumsum(x) cov(A)
        cov(x,y) corrcoef(x,y)
        cumprod(A,axis=1) nancumsum(x) nancumprod(x) cumulative_sum(x) cumulative_prod(x) trapezoid(x,y) diff(A,axis=0)
        gradient(x) ediff1d(x) unwrap(x)
    """,
    "order": """
        sort(A,axis=0) partition(x,2) take(A,[0,2],axis=1) take_along_axis(A,argsort(A,1),1)
        sort_complex(x).real trim_zeros(x) bincount([0,2,2,1,0,0],x)
        choose([0,1,0,1,0,1],[x,y]) compress([True,False,True],A,axis=0) extract(x>0,x)
    """,
    "shape": """
        reshape(A,(2,6)) ravel(A) transpose(A) permute_dims(T,(2,0,1)) matrix_transpose(T) moveaxis(T,0,-1)
        rollaxis(T,2) swapaxes(T,0,2) squeeze(A[:1]) expand_dims(x,0) atleast_1d(x) atleast_2d(x) atleast_3d(x)
        broadcast_to(x,(2,6)) broadcast_arrays(x,A[:,:1])[0] concatenate([x,y]) concat([x,y]) stack([x,y],axis=1)
        unstack(A)[0] vstack([x,y]) hstack([x,y]) dstack([x,y]) column_stack([x,y]) block([[A,S],[A,S]])
        append(x,y) split(x,3)[1] array_split(x,4)[1] hsplit(A,2)[0] vsplit(A,3)[0] dsplit(T,2)[0] tile(A,(2,1))
        repeat(A,2,axis=0) flip(A) fliplr(A) flipud(A) rot90(A) roll(A,1,axis=1) pad(A,1) pad(A,1,mode="edge")
        pad(A,1,mode="reflect") pad(A,1,mode="wrap") pad(A,1,mode="symmetric") resize(A,(5,3)) insert(x,2,b)
        delete(x,[0,3]) diag(b) diag(S) diagonal(T,axis1=0,axis2=1) diagflat(b) tril(A) triu(A) vander(b)
        meshgrid(x,y)[0] lib.stride_tricks.sliding_window_view(x,3) copy(A) full_like(A,b[0])
        linalg.matrix_transpose(T) linalg.diagonal(T) astype(x,float) apply_along_axis(cumsum,1,A)
        apply_over_axes(sum,T,[0,2]) linspace(x,y,4) linspace(0,b[0]) logspace(x,y,3) geomspace(p,q,4)
    """,
    "selection": """
        where(x>0,x,y) select([x>1,x>0],[x,y],0.5) piecewise(x,[x<0],[sin,exp]) clip(x,-0.5,0.5)
        interp(q,[0,0.3,1],b) tg.put(x,[0,2],b[:2]) tg.add_at(x,[0,0,2],b) x[1:4] A[[0,0,2]] T[...,None,1]
    """,
    "products": """
        matmul(A,B) matmul(x,y) matmul(T,B) T@B dot(A,B) vdot(x,y) inner(x,y) outer(x,y) tensordot(T,A,axes=2)
        einsum("ij,jk->ik",A,B) einsum("ii",S) einsum("...ij,jk->...ik",T,B)
        einsum("ij,jk,k->i",A,B,b[:2],optimize=True)
        kron(A,b) cross(b,S) trace(S) linalg.multi_dot([S,A,B]) convolve(x,b) correlate(x,b,"same") polyval(b,x)
        polyadd(x,b) polysub(b,x) polymul(b,x) polydiv(x,b)[0] polyder(x) polyint(x) poly(b) polyfit(p,x,2)
        roots(p[:3]).imag
        vecdot(x,y) matvec(S,b) vecmat(b,S) linalg.vecdot(x,y) linalg.outer(x,y) linalg.cross(b,b[::-1])
        linalg.matmul(A,B) linalg.tensordot(T,A,axes=2) linalg.trace(S)
    """,
    "linear algebra": """
        linalg.inv(S) linalg.pinv(A) linalg.solve(S,b) linalg.lstsq(B,x[:4],rcond=None)[0] linalg.det(S)
        linalg.slogdet(S)[1] linalg.cholesky(S@S.T) linalg.qr(S)[1] linalg.svd(A,compute_uv=False)
        linalg.svd(S,full_matrices=False)[1] linalg.svdvals(A) linalg.eigh(S+S.T)[0] linalg.eigvalsh(S+S.T)
        linalg.eigvals(S) linalg.eig(S)[0] linalg.norm(x) linalg.norm(x,1) linalg.norm(x,3) linalg.norm(x,inf)
        linalg.norm(A) linalg.norm(A,1) linalg.norm(A,2) linalg.norm(A,-2) linalg.norm(A,"nuc") linalg.norm(A,"fro")
        linalg.norm(A,inf) linalg.vector_norm(x) linalg.matrix_norm(A) linalg.matrix_power(S,3) linalg.cond(S)
        linalg.tensorsolve(S[...,None],b) linalg.tensorinv(S[...,None],ind=1) tg.expm(S)
    """,
    "fft": """
        fft.fft(x).real fft.ifft(x).imag abs(fft.rfft(x)) fft.irfft(fft.rfft(x)*p[:4]) fft.hfft(x) abs(fft.ihfft(x))
        abs(fft.fft2(A)) abs(fft.ifft2(A)) abs(fft.rfft2(A)) fft.irfft2(fft.rfft2(A)) abs(fft.fftn(T)) abs(fft.ifftn(T))
        abs(fft.rfftn(T)) fft.irfftn(fft.rfftn(T)) fft.fftshift(x) fft.ifftshift(x)
        real(fft.fft(x)) imag(fft.fft(x)) abs(conj(fft.fft(x))*1j) angle(fft.fft(x)[1:3])
    """,
    "special": """
        special.erf(x) special.erfc(x) special.erfinv(q) special.expit(x) special.logit(q) special.log_expit(x)
        special.gammaln(p) special.digamma(p) special.beta(p,q) special.betaln(p,q)
        special.xlogy(x,p) special.xlog1py(x,p) special.entr(q) special.rel_entr(p,q) special.kl_div(p,q) special.j0(x)
        special.j1(x) special.i0(x) special.i0e(x) special.i1(x) special.i1e(x) special.ndtr(x) special.ndtri(q)
        special.log_ndtr(x)
        special.erfcx(x) special.psi(p) special.gamma(p)
    """,
}

REFUSALS = {
    "add(x,y,out=np.zeros(6))": "out=", "exp(x,where=x.data>0)": "np.where", "sum(x,out=np.zeros(()))": "out=",
    "put(x,[0],1.0)": "tg.put", "copyto(x,y)": "tg.put", "place(x,x.data>0,1.0)": "tg.put",
    "putmask(x,x.data>0,1.0)": "tg.put",
    "put_along_axis(x,np.array([0]),1.0,0)": "tg.put", "fill_diagonal(S,0.0)": "tg.put",
    "special.softmax(x)": r"tg\.nn\.softmax", "special.logsumexp(x)": r"tg\.nn\.logsumexp", "array(x)": r"v\.data",
    "special.polygamma(1,x)": r"tg\.polygamma", "special.log_softmax(x)": r"tg\.nn\.log_softmax",
    "unique(x)": "jumps", "union1d(x,y)": "jumps",
    "histogram(x)": "jumps", "save('f',x)": r"v\.data", "isnat(x)": r"tg\.define_rule\(np\.isnat",
    "add.at(x,[0],1.0)": r"tg\.add_at", "special.jv(2,x)": r"tg\.define_rule",
    "special.zeta(p,2.0)": r"tg\.define_rule",
}  # fmt: skip
INSTEAD = {
    "tg.nn.softmax(A,axis=1)": "special.softmax(A,axis=1)", "tg.nn.logsumexp(A,axis=0)": "special.logsumexp(A,axis=0)",
    "tg.nn.log_softmax(A,axis=1)": "special.log_softmax(A,axis=1)", "tg.polygamma(2,p)": "special.polygamma(2,p)",
}  # fmt: skip


@cache
def names():
    """What a call may use beside its inputs."""
    found = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")} | {"np": np, "tg": tg}
    if find_spec("scipy"):
        import scipy.special

        found["special"] = scipy.special
    return found


def run(call, inputs):
    return eval(call, names() | inputs)


def calls(*families):
    found = [call for family in families for call in CALLS[family].split()]
    return pytest.mark.parametrize("call", [c for c in found if available(c)])


def available(call):
    """Whether this NumPy has the function, and scipy is there if the call needs it."""
    needs_scipy = call.startswith(("special", "tg.expm", "tg.polygamma"))
    module, name = re.match(r"(?:(linalg|fft)\.)?(\w+)", call).groups()
    owner = getattr(np, module) if module else np
    if needs_scipy:
        return find_spec("scipy") is not None
    return hasattr(owner, name) or name in {*INPUTS, "tg"}


@calls(*[family for family in CALLS if family not in ("zero", "truth")])
def test_derivative(call):
    args = {name: data for name, data in INPUTS.items() if re.search(rf"\b{name}\b", call)}
    values = {name: Value(data) for name, data in args.items()}
    result = run(call, INPUTS | values)
    expected = run(call, INPUTS)
    assert isinstance(result, Value)
    np.testing.assert_allclose(result.data, expected, rtol=1e-13, atol=1e-13)
    weights = weights_like(expected, 1)
    found = tg.gradients((result * weights).sum(), [*values.values()])

    def scalar(*arrays):
        return np.sum(weights * run(call, INPUTS | dict(zip(args, arrays))))

    agreement = compare(found, scalar, [*args.values()], 1)
    assert agreement.ok(1e-8), agreement


@calls("zero")
def test_zero_derivative(call):
    values = {name: Value(data) for name, data in INPUTS.items()}
    result = run(call, values)
    np.testing.assert_array_equal(result.data, run(call, INPUTS))
    assert not any(np.any(g) for g in tg.gradients(result.sum(), [*values.values()]))


@calls("truth")
def test_no_derivative(call):
    result = run(call, {name: Value(data) for name, data in INPUTS.items()})
    assert isinstance(result, Value)
    assert result.dtype.kind in "bi"
    np.testing.assert_array_equal(result.data, run(call, INPUTS))


@pytest.mark.parametrize("call", [c for c in REFUSALS if available(c)])
def test_refused_with_a_sentence(call):
    with pytest.raises(TypeError, match=REFUSALS[call]):
        run(call, {name: Value(data) for name, data in INPUTS.items()})


@pytest.mark.skipif(not find_spec("scipy"), reason="these functions are scipy's")
@pytest.mark.parametrize("call", INSTEAD)
def test_instead_of_functions_of_scipy_that_take_arrays_only(call):
    np.testing.assert_allclose(run(call, INPUTS), run(INSTEAD[call], INPUTS), rtol=1e-14)
    test_derivative(call)
