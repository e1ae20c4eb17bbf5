"""Functions that turn a function into its derivative: grad, value_and_grad and their like.

A transform wraps the arguments it differentiates in Values, runs the function and asks `gradients` for the answer.
"What you wrap is differentiated" holds for the result too.  If all that the function touched were plain arrays, the
result is plain arrays.  If it reached a Value from outside, through an argument or a closure, the result is a Value
that depends on it: so transforms nest to any order, and a gradient penalty can be trained.
"""
