"""Linear algebra, indexing and shapes at their hard points, and what they refuse."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import tinygrad_br as tg
from tinygrad_br import Value

SINGULAR = {
    "zero": np.zeros((3, 3)),
    "rank one": np.outer([1.0, 2.0, -1.0], [3.0, 0.0, 1.0]),
    "rank two": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
    "one by one": np.zeros((1, 1)),
}


def check(function, *arrays, precision=1e-7):
    """Gradients against numerical ones, with a random cotangent."""
    rng = np.random.default_rng(5)
    weights = rng.normal(size=np.shape(function(*arrays)))
    values = [Value(a) for a in arrays]
    gradients = tg.gradients((weights * function(*values)).sum(), values)
    for i, (gradient, array) in enumerate(zip(gradients, arrays, strict=True)):
        numeric = tg.numerical_gradient(
            lambda x, i=i: np.sum(weights * function(*arrays[:i], x, *arrays[i + 1 :])), array
        )
        np.testing.assert_allclose(gradient, numeric.value, atol=precision, rtol=precision)


@pytest.mark.parametrize("name", SINGULAR)
def test_det_of_singular_matrices_first_and_second_order(name):
    """The determinant is a polynomial: its derivatives exist where the inverse does not."""
    check(np.linalg.det, SINGULAR[name])
    check(tg.grad(np.linalg.det), SINGULAR[name])


@pytest.mark.parametrize("order", [None, 1, 2, 3, 0.5, np.inf])
def test_norm_of_zeros_has_gradient_zero(order):
    x = Value(np.zeros(3))
    np.linalg.norm(x, order).backward()
    np.testing.assert_array_equal(x.grad, 0.0)


def test_norm_of_a_row_of_zeros_leaves_the_other_rows_alone():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    [gradient] = tg.gradients(np.linalg.norm(v := Value(x), axis=1).sum(), [v])
    np.testing.assert_array_equal(gradient, [[0.0, 0.0], [0.6, 0.8]])


def test_a_norm_of_negative_order_is_zero_with_any_zero_and_so_is_its_gradient():
    x = Value(np.array([2.0, 0.0, -1.0]))
    with np.errstate(divide="ignore"):
        np.linalg.norm(x, -1.5).backward()
    np.testing.assert_array_equal(x.grad, 0.0)


def of_many_sizes(shape, seed):
    """Matrices whose entries lie between 1e-12 and 1e12 in size."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, shape) * 10.0 ** rng.uniform(-12, 12, shape)


def exact_inverse(a):
    with mpmath.workdps(120):
        return np.array((mpmath.matrix(a.tolist()) ** -1).tolist(), object)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n", "precision"), [(2, 2e-14), (3, 2e-14), (5, 1e-10)])
def test_the_gradient_of_det_keeps_its_digits_in_every_entry_whatever_their_sizes(n, precision, seed):
    a = of_many_sizes((n, n), seed)
    with mpmath.workdps(120):
        expected = (exact_inverse(a).T * mpmath.det(mpmath.matrix(a.tolist()))).astype(np.float64)
    np.testing.assert_allclose(tg.grad(np.linalg.det)(a), expected, rtol=precision)


def test_large_determinants_are_differentiated_as_a_whole():
    """Also where they are 0: by the minors, with 40 digits."""
    a = np.random.default_rng(4).normal(size=(7, 7))
    a[:, 6] = a[:, 0]
    expected = np.empty(a.shape)
    with mpmath.workdps(40):
        for i, j in np.ndindex(a.shape):
            minor = np.delete(np.delete(a, i, 0), j, 1)
            expected[i, j] = (-1) ** (i + j) * mpmath.det(mpmath.matrix(minor.tolist()))
    np.testing.assert_allclose(tg.grad(np.linalg.det)(a), expected, rtol=0, atol=1e-14 * np.max(abs(expected)))


@pytest.mark.parametrize("function", [np.linalg.det, lambda a: np.sum(np.linalg.pinv(a) ** 2)])
def test_gradients_that_decompose_matrices_compile(function):
    gradient, a = tg.grad(function), np.random.default_rng(3).normal(size=(8, 8))
    compiled = tg.compile(gradient)
    for _ in range(3):
        np.testing.assert_allclose(np.array(compiled(Value(a)).data), gradient(a), rtol=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_the_gradient_of_pinv_keeps_its_digits_whatever_the_sizes(shape, seed):
    """The derivative along E is that of inv(a.T a) a.T or a.T inv(a a.T), from differences of 100 digits."""
    a, weights = of_many_sizes(shape, seed), np.random.default_rng(seed).normal(size=shape[::-1])

    def total(a):
        inverse = exact_inverse(a.T @ a) @ a.T if shape[0] > shape[1] else a.T @ exact_inverse(a @ a.T)
        return np.sum(weights * inverse)

    expected = np.empty(shape)
    with mpmath.workdps(120):
        exact = np.vectorize(mpmath.mpf, otypes=[object])(a)
        for index in np.ndindex(shape):
            step = np.zeros(shape, object)
            step[index] = abs(exact[index]) * mpmath.mpf(10) ** -30
            expected[index] = (total(exact + step) - total(exact - step)) / (2 * step[index])
    [gradient] = tg.gradients((weights * np.linalg.pinv(v := Value(a))).sum(), [v])
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-13 * np.max(abs(expected)))


def test_equal_eigenvalues_and_singular_values_have_gradients():
    """Sums over all of them are smooth: trace and nuclear norm."""
    [gradient] = tg.gradients(np.sum(np.linalg.eigh(v := Value(np.eye(3)))[0]), [v])
    np.testing.assert_allclose(gradient, np.eye(3), atol=1e-15)
    [gradient] = tg.gradients(np.linalg.norm(v := Value(2 * np.eye(3)), "nuc"), [v])
    np.testing.assert_allclose(gradient, np.eye(3), atol=1e-15)


def test_symmetric_functions_put_the_gradient_where_numpy_reads():
    matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    for function in (np.linalg.cholesky, np.linalg.eigvalsh, lambda x: np.linalg.eigh(x)[0]):
        [gradient] = tg.gradients(function(v := Value(matrix)).sum(), [v])
        assert gradient[0, 1] == 0
        check(function, matrix)


def test_eigenvalues_in_whatever_order():
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(6, 6))
    w = np.linalg.eigvals(matrix)
    weights = np.linspace(1, 2, 6)
    [gradient] = tg.gradients(np.sum(weights * np.real(np.linalg.eigvals(v := Value(matrix)))), [v])
    moved = np.linalg.eigvals(matrix + 1e-7 * np.eye(6))
    np.testing.assert_allclose(np.trace(gradient), weights.sum(), rtol=1e-9)  # w + t for matrix + t I
    np.testing.assert_allclose(np.sort((moved - w).real), 1e-7, rtol=1e-5)


def test_gradients_that_depend_on_a_phase_are_refused():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    hermitian = matrix + matrix.conj().T
    for function, x in ((np.linalg.eigh, hermitian), (np.linalg.eig, matrix)):
        with pytest.raises(ValueError, match="phase"):
            tg.gradients(np.sum(np.real(function(v := Value(x))[1])), [v])
    with pytest.raises(ValueError, match="phase"):
        tg.gradients(np.sum(np.real(np.linalg.svd(v := Value(matrix))[0])), [v])


REFUSED = {
    "vectors beyond the singular values": lambda x: np.linalg.svd(x),
    "svd of a matrix called hermitian": lambda x: np.linalg.svd(x[:2], hermitian=True),
    "pinv of a matrix called hermitian": lambda x: np.linalg.pinv(x[:2], hermitian=True),
    "assignment": lambda x: np.put(x, 0, 1.0),
    "the diagonal in place": lambda x: np.fill_diagonal(x, 1.0),
    "a basis beyond the columns": lambda x: np.linalg.qr(x, mode="complete"),
    "raw": lambda x: np.linalg.qr(x, mode="raw"),
    "padding with nothing": lambda x: np.pad(x, 1, "empty"),
    "out=": lambda x: np.dot(x, x.T, out=np.zeros((3, 3))),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_a_sentence(what):
    with pytest.raises(TypeError, match=r"np\.\w+.*(derivative|recorded|out=)"):
        REFUSED[what](Value(np.arange(6.0).reshape(3, 2)))


def test_shapes_that_do_not_fit_name_the_function():
    x = Value(np.ones((2, 3)))
    for function in (
        lambda: x @ x,
        lambda: np.dot(x, x),
        lambda: np.reshape(x, (4, 2)),
        lambda: np.linalg.inv(x[:2, :2]),
    ):
        with pytest.raises(ValueError, match=r"matmul|dot|reshape|inv"):
            function()


def test_lists_of_values_are_stacked_or_joined():
    a, b = Value(1.0), Value([2.0, 3.0])
    total = np.concatenate([[a, a], b, [5.0]]).sum() + np.dot([a, a], b) + np.stack([[a, a], b]).sum()
    slope_a, slope_b = tg.gradients(total, [a, b])
    assert (slope_a, slope_b.tolist()) == (9.0, [3.0, 3.0])


def test_indexing_by_values():
    x = Value([1.0, -2.0, 3.0])
    positive = x[x > 0]
    assert tg.gradients((positive**2).sum(), [x])[0].tolist() == [2.0, 0.0, 6.0]
    first = x[np.argmax(x)]
    assert tg.gradients(first, [x])[0].tolist() == [0.0, 0.0, 1.0]


def test_put_of_one_place_twice_keeps_the_last():
    x, v = Value(np.zeros(3)), Value([1.0, 2.0, 3.0])
    y = tg.put(x, [1, 1, 0], v)
    assert y.data.tolist() == [3.0, 2.0, 0.0]
    gradients = tg.gradients(y.sum(), [x, v])
    assert [g.tolist() for g in gradients] == [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
def test_rows_taken_many_times_in_every_dtype(dtype):
    table, rows = Value(np.ones((4, 3), dtype)), np.array([1, 1, 3] * 20)
    [gradient] = tg.gradients(np.real(table[rows]).sum(), [table])
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient, np.array([0, 40, 0, 20])[:, None] * np.ones(3))


def test_gradients_share_no_memory_with_each_other():
    x, y = Value(np.ones(3)), Value(np.ones(3))
    g = tg.gradients(np.concatenate([x, y]), [x, y], gradient=np.arange(6.0))
    g[0] += 1
    assert g[1].tolist() == [3.0, 4.0, 5.0]
    (np.reshape(x, 3) + np.transpose(y)).sum().backward()
    assert not np.shares_memory(x.grad, y.grad)
