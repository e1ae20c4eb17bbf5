"""Rows of tinygrad_br/nn/losses.py."""

from __future__ import annotations

import numpy as np

from ...nn import bce_with_logits, cross_entropy, hinge, huber, mae, mse, one_hot
from ...nn.losses import cross_entropy_of_classes, cross_entropy_of_rows, softmax_minus_one_hot
from .row import NONZERO, POSITIVE, PROBABILITY, REAL, Domain, Row

PAIR = ((3, 2), (3, 2))
WEIGHTS = np.array([1.0, 0.5, 2.0])
SIGNS = np.array([1.0, -1.0, 1.0])
CLASSES = np.array([2, 0, 1])
LARGE, SMALL = Domain(1.1, 3.0), Domain(-0.9, 0.9)
ROWS_OF_LABELS = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.6, 0.2, 0.2]])

ROWS = [
    Row(mse, shapes=PAIR),
    Row(mse, lambda x, y: mse(x, y, WEIGHTS), shapes=PAIR, note="sample weights"),
    Row(mae, shapes=PAIR, domains=(LARGE, SMALL)),
    Row(mae, lambda x, y: mae(x, y, sample_weights=WEIGHTS), shapes=PAIR, domains=(SMALL, LARGE), note="weights"),
    Row(huber, lambda x, y: huber(x, y, 0.15), shapes=PAIR, domains=(LARGE, SMALL), note="far"),
    Row(huber, lambda x, y: huber(x, y, delta=4.0, sample_weights=WEIGHTS), shapes=PAIR, note="near",
        domains=(LARGE, SMALL)),
    Row(hinge, lambda x: hinge(x, SIGNS), shapes=((3,),), domains=(Domain(avoid=(-1.0, 1.0)),)),
    Row(hinge, lambda x: hinge(x, SIGNS, 0.0, WEIGHTS), shapes=((3,),), domains=(NONZERO,), note="perceptron"),
    Row(bce_with_logits, shapes=PAIR, domains=(NONZERO, PROBABILITY)),
    Row(bce_with_logits, lambda x: bce_with_logits(x, np.abs(SIGNS) < 2, WEIGHTS), shapes=((3,),), domains=(NONZERO,),
        note="weights"),
    Row(cross_entropy_of_classes, lambda x: cross_entropy(x, CLASSES), shapes=((3, 3),)),
    Row(cross_entropy_of_classes, lambda x: cross_entropy(x, CLASSES.reshape(3, 1)), shapes=((3, 1, 3),), note="text"),
    Row(cross_entropy_of_rows, shapes=((2, 3), (2, 3)), domains=(REAL, POSITIVE)),
    Row(cross_entropy_of_rows, lambda x: cross_entropy(x, ROWS_OF_LABELS), shapes=((3, 3),), note="rows"),
    Row(cross_entropy_of_rows, lambda x: cross_entropy(x, CLASSES, 0.1, [1.0, 2.0, 3.0], WEIGHTS), shapes=((3, 3),),
        note="options"),
    Row(softmax_minus_one_hot, lambda x: softmax_minus_one_hot(x, CLASSES), shapes=((3, 3),)),
    Row(one_hot, lambda x: one_hot(x > 0, 2), order=0),
]  # fmt: skip
