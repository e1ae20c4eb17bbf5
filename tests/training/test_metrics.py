"""Metrics against their definitions, and against scikit-learn where it is installed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_br.training import METRICS, Confusion, decided
from tinygrad_br.training.metrics import accuracy, f1, named_metrics, precision, recall, roc_auc, top_k


def binary(seed, n=40, ties=False):
    rng = np.random.default_rng(seed)
    z = rng.integers(-3, 4, n).astype(float) if ties else rng.standard_normal(n)
    return z, (z + rng.standard_normal(n) > 0).astype(int)


def several(seed, n=60, k=4):
    rng = np.random.default_rng(seed)
    z, y = rng.standard_normal((n, k)), rng.integers(0, k, n)
    z[np.arange(n), y] += 1
    return z, y


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_one_output_answers_yes_or_no(shape):
    z, y = binary(0)
    want = np.mean((z > 0) == (y == 1))
    for answers in (y, y == 1, y.astype(float), 2 * y - 1, y[:, np.newaxis]):
        assert accuracy(z.reshape(shape), answers) == want


def test_a_threshold_for_probabilities():
    assert accuracy([0.4, 0.6], [0, 1]) == 0.5
    assert accuracy([0.4, 0.6], [0, 1], threshold=0.5) == 1.0


def test_several_yes_or_no_answers_in_a_row():
    z, y = [[1.0, -1.0], [2.0, 3.0]], [[1, 0], [1, 0]]
    assert accuracy(z, y, threshold=0) == 0.75


def test_the_largest_of_several_outputs():
    z, y = several(1)
    want = np.mean(z.argmax(axis=1) == y)
    assert accuracy(z, y) == want
    assert accuracy(z, y[:, np.newaxis]) == want
    assert accuracy(z, np.eye(4)[y]) == want
    np.testing.assert_array_equal(decided(z), z.argmax(axis=1))


def test_top_k_grows_to_one():
    z, y = several(2)
    shares = [top_k(k)(z, y) for k in range(1, 5)]
    assert shares[0] == accuracy(z, y)
    assert shares[3] == 1.0
    assert shares == sorted(shares)
    place = np.argsort(np.argsort(-z, axis=1), axis=1)[np.arange(len(y)), y]
    assert shares[1] == np.mean(place < 2)


@given(st.integers(0, 1000), st.booleans())
def test_roc_auc_counts_pairs(seed, ties):
    z, y = binary(seed, ties=ties)
    y[:2] = 0, 1
    gaps = z[y == 1][:, np.newaxis] - z[y == 0]
    assert roc_auc(z, y) == pytest.approx(np.mean((gaps > 0) + 0.5 * (gaps == 0)), rel=1e-12)


def test_roc_auc_of_one_class_alone_is_not_defined():
    assert np.isnan(roc_auc([1.0, 2.0], [1, 1]))
    assert np.isnan(roc_auc(several(0)[0], np.zeros(60, int)))


def test_roc_auc_of_two_outputs_ranks_their_difference():
    z, y = several(0, k=2)
    assert roc_auc(z, y) == roc_auc(z[:, 1] - z[:, 0], y)


@pytest.mark.parametrize("metric", [*METRICS.values(), top_k(2)], ids=[*METRICS, "top_2"])
@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_a_metric_needs_examples(metric, shape):
    with pytest.raises(ValueError, match=r"there are no outputs, shape \(0"):
        metric(np.zeros(shape), np.zeros(0, int))


def test_precision_recall_and_f1_by_hand():
    z, y = [1, 1, 1, -1, -1], [1, 1, 0, 1, 0]  # 2 found, 1 false alarm, 1 missed
    assert (precision(z, y), recall(z, y), f1(z, y)) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert precision([-1.0, -1.0], [1, 0]) == 0.0
    assert recall([1.0], [0]) == 0.0


def test_regression_figures():
    rng = np.random.default_rng(3)
    y = rng.standard_normal((50, 2))
    z = y + 0.1 * rng.standard_normal((50, 2))
    assert METRICS["mae"](z, y) == pytest.approx(np.mean(np.abs(z - y)))
    assert METRICS["r2"](y, y) == 1.0
    assert METRICS["r2"](np.broadcast_to(y.mean(axis=0), y.shape), y) == pytest.approx(0, abs=1e-12)
    assert METRICS["r2"]([1.0, 1.0], [2.0, 2.0]) == 0.0
    assert METRICS["r2"]([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert METRICS["r2"](z, y) == pytest.approx((METRICS["r2"](z[:, 0], y[:, 0]) + METRICS["r2"](z[:, 1], y[:, 1])) / 2)
    near = np.abs(z - y) < y.std() / 250
    assert METRICS["regression_accuracy"](z, y) == near.mean()
    for name in ("mae", "r2", "regression_accuracy"):
        with pytest.raises(ValueError, match=r"shape \(2, 1\) against targets of shape \(2,\)"):
            METRICS[name](np.ones((2, 1)), np.ones(2))


def test_as_many_answers_as_outputs():
    for metric in (accuracy, f1):
        with pytest.raises(ValueError, match="3 outputs, but 2 answers"):
            metric([1.0, 2.0, 3.0], [0, 1])


def test_names():
    found = named_metrics(["accuracy", "top_2", np.mean], (), None)
    assert [*found] == ["accuracy", "top_2", "mean"]
    assert [*named_metrics(None, ("accuracy",), 0.0)] == ["accuracy"]
    assert [*named_metrics((), ("accuracy",), 0.0)] == []
    assert [*named_metrics("f1", (), None)] == ["f1"]
    with pytest.raises(ValueError, match="unknown metric 'top_x'"):
        named_metrics("top_x", (), None)


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")  # of scikit-learn, about classes without examples
@pytest.mark.parametrize("seed", range(40))
def test_scikit_learn_agrees(seed):
    """On random data with ties, few examples, classes without an example or without a verdict."""
    theirs = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 40)), int(rng.integers(3, 6))
    scores = {"precision": theirs.precision_score, "recall": theirs.recall_score, "f1": theirs.f1_score}
    z, y = binary(seed, n, ties=bool(seed % 2))
    y[:] = y if seed % 5 else seed % 2  # one class alone
    assert accuracy(z, y) == pytest.approx(theirs.accuracy_score(y, z > 0))
    for name, score in scores.items():
        assert METRICS[name](z, y) == pytest.approx(score(y, z > 0, zero_division=0)), name
    if 0 < y.sum() < n:
        assert roc_auc(z, y) == pytest.approx(theirs.roc_auc_score(y, z))
    z, y = rng.integers(-3, 4, (n, k)) + 0.0, rng.integers(0, k - seed % 2, n)
    said = z.argmax(axis=1)
    assert accuracy(z, y) == pytest.approx(theirs.accuracy_score(y, said))
    for name, score in scores.items():
        assert METRICS[name](z, y) == pytest.approx(score(y, said, average="macro", zero_division=0)), name
    for best in range(1, k):
        # of equal outputs they take the last first, we the first, as argmax and so accuracy do
        want = theirs.top_k_accuracy_score(k - 1 - y, z[:, ::-1], k=best, labels=range(k))
        assert top_k(best)(z, y) == pytest.approx(want)
    if len(np.unique(y)) == k:
        z = rng.standard_normal((n, k))  # for rounding decides whether equal probabilities stay equal
        shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        assert roc_auc(z, y) == pytest.approx(theirs.roc_auc_score(y, shares, multi_class="ovr"))
    np.testing.assert_array_equal(
        Confusion(said, y, names="abcdef"[:k]).counts, theirs.confusion_matrix(y, said, labels=range(k))
    )
    for shape in ((n,), (n, 1), (n, 3)):
        t = rng.standard_normal(shape)
        o = t + rng.standard_normal(shape)
        if seed % 3 == 0:
            t[...] = t[0]
        assert METRICS["r2"](o, t) == pytest.approx(theirs.r2_score(t, o))
        assert METRICS["mae"](o, t) == pytest.approx(theirs.mean_absolute_error(t, o))


class TestConfusion:
    def test_counts(self):
        table = Confusion([0, 1, 2, 2, 1], [0, 1, 2, 1, 1])
        np.testing.assert_array_equal(table.counts, [[1, 0, 0], [0, 2, 1], [0, 0, 1]])
        assert "said 2" in str(table)

    def test_columns_stand_under_their_heads(self):
        lines = str(Confusion([0, 1] * 5000, [0, 0] * 5000, names=["a", "a longer one"])).splitlines()
        assert len({len(line) for line in lines}) == 1
        assert lines[1].split() == ["is", "a", "5000", "5000"]

    def test_one_verdict_for_each_answer(self):
        with pytest.raises(ValueError, match="2 verdicts, but 1 answers"):
            Confusion([0, 1], [0])
