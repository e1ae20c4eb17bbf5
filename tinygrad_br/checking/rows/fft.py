"""Rows of tinygrad_br/rules/fft.py: lengths even and odd, cut and lengthened, every norm, real and complex."""

from __future__ import annotations

from typing import Any

import numpy as np

from .row import Row

ONE = (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft)
TWO = (np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2)
SEVERAL = (np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn)
OF_REAL = (np.fft.rfft, np.fft.ihfft, np.fft.rfft2, np.fft.rfftn)


def row(function: Any, shape: tuple[int, ...], complex: bool = False, **options: Any) -> Row:
    note = f"{shape} {options or ''}{' complex' if complex else ''}"
    return Row(function, lambda x: function(x, **options), (shape,), note=note, complex=(0,) * complex, precision=1e-7)


ROWS = [
    *[row(function, (n,)) for function in ONE for n in (4, 3)],
    *[row(function, (n,), True) for function in ONE if function not in OF_REAL for n in (4, 3)],
    *[row(function, (2, 3), n=n, axis=0, norm=norm) for function in ONE for n, norm in ((3, "ortho"), (4, "forward"))],
    *[row(function, (5,), n=4, norm="backward") for function in ONE],
    *[row(function, (2, 3)) for function in (*TWO, *SEVERAL)],
    *[row(function, (2, 3), True) for function in (*TWO, *SEVERAL) if function not in OF_REAL],
    *[row(function, (3, 2), s=(2, 4), axes=(1, 0), norm="ortho") for function in (*TWO, *SEVERAL)],
    *[row(function, (2, 2, 3), axes=(0, 2), norm="forward") for function in SEVERAL],
    *[row(np.fft.irfftn, (2, 3), True, s=(3, 5), axes=(0, 1))],
    *[row(function, (2, 3)) for function in (np.fft.fftshift, np.fft.ifftshift)],
    *[row(function, (2, 3), axes=1) for function in (np.fft.fftshift, np.fft.ifftshift)],
]
