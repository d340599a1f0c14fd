"""3x3 convolutions between many channels with fewer products (Lavin & Gray 2016, F(m x m, 3 x 3)).

A square of m x m outputs depends on (m + 2) x (m + 2) inputs. Transformed to a basis in which the filter acts
point by point, each of these inputs costs one product for a pair of channels, where a plain convolution takes
nine for each output: 4 times fewer for m = 4, 2.25 times for m = 2. Between the two changes of basis that
leaves a matrix product for every point.
"""

from __future__ import annotations

import math
import threading
from functools import cache

import torch
from torch import Tensor, nn

# Below these sizes the changes of basis cost as much as they save.
_LEAST_CHANNELS = 256
_LEAST_POSITIONS = 1024

# A strip stays in a processor's cache between its steps: 480 lines of 256 channels at stride 4 take 90 ms
# on two cores in float32; in one piece 120, and a plain convolution 140.
_STRIP_BYTES = 6 * 2**20

_SQUARES = {torch.float32: 4, torch.bfloat16: 2}
"""Side m of a square. A larger m loses precision; m = 4 is too much for bfloat16."""

_INPUTS = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
}
_FILTERS = {
    2: ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    4: (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
}
_OUTPUTS = {
    2: ((1, 1, 1, 0), (0, 1, -1, -1)),
    4: ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
}


class WideConv(nn.Conv2d):
    """A convolution that takes fewer products where that is faster and its weights need no gradients.

    That is on a CPU, 3x3 with stride 1 on channels-last maps, in float32, or in bfloat16 where the processor
    multiplies it in vectors; with tiles (AMX) a plain convolution is faster. Rounding differs: a plain
    convolution is off by 2e-6 of the largest output, this one by 9e-6; in bfloat16 by 4e-3 and 8e-3.
    The transformed weights are cached, 4 times as large in float32, 1.8 times in bfloat16.
    """

    _cached: tuple[tuple[object, ...], dict[tuple[object, ...], Tensor]] | None = None

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h, w)."""
        return self.partial_sum(maps, slice(None), with_bias=True)

    def partial_sum(self, maps: Tensor, inputs: slice, *, with_bias: bool) -> Tensor:
        """Compute the contribution of these input channels (N, some, h, w) to the sum: (N, outputs, h, w)."""
        bias = self.bias if with_bias else None
        if not self._is_faster(maps):
            out: Tensor = self._conv_forward(maps, self.weight[:, inputs], bias)
            return out
        square = _SQUARES[maps.dtype]
        return _convolve(maps, self._points(square, inputs), bias, square)

    def _is_faster(self, maps: Tensor) -> bool:
        return (
            not torch.is_grad_enabled()
            and not self.weight.requires_grad
            and (self.kernel_size, self.stride, self.padding, self.dilation)
            == ((3, 3), (1, 1), (1, 1), (1, 1))
            and min(maps.shape[1], self.out_channels) >= _LEAST_CHANNELS
            and maps.shape[-2] * maps.shape[-1] >= _LEAST_POSITIONS
            and maps.device.type == "cpu"
            and maps.is_contiguous(memory_format=torch.channels_last)
            and (maps.dtype == torch.float32 or (maps.dtype == torch.bfloat16 and _multiplies_in_vectors()))
        )

    def _points(self, square: int, inputs: slice) -> Tensor:
        """Return the transformed weights of some inputs: ((m + 2) ** 2, some, outputs)."""
        version = 0 if self.weight.is_inference() else self.weight._version
        of = (self.weight.data_ptr(), self.weight.dtype, version)
        if self._cached is None or self._cached[0] != of:
            self._cached = of, {}
        parts, name = self._cached[1], (inputs.start, inputs.stop)
        if name not in parts:
            basis = _kronecker_square(_FILTERS[square], torch.float32)
            weight = self.weight[:, inputs].float().permute(2, 3, 1, 0)
            points = (basis @ weight.reshape(len(basis.T), -1)).view(-1, *weight.shape[2:])
            parts[name] = points.to(self.weight.dtype)
        return parts[name]


@cache
def _multiplies_in_vectors() -> bool:
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16")) and not can.get("amx_bf16")


@cache
def _kronecker_square(basis: tuple[tuple[float, ...], ...], dtype: torch.dtype) -> Tensor:
    """Return the change of basis along both axes, as one matrix for flattened squares."""
    along = torch.tensor(basis, dtype=torch.float64)
    return torch.kron(along, along).to(dtype)


def _convolve(maps: Tensor, points: Tensor, bias: Tensor | None, square: int) -> Tensor:
    """Convolve maps (N, C, h, w), channels last, with the weights at each point, strip by strip."""
    count, _, height, width = maps.shape
    down, across = -(-height // square), -(-width // square)
    out = maps.new_empty((count, down * square, across * square, points.shape[-1]))
    rows = max(1, min(down, _STRIP_BYTES // (across * points[..., 0].numel() * maps.element_size())))
    strip = _Strip(points, bias, square, across)
    for image, image_out in zip(maps.permute(0, 2, 3, 1), out, strict=True):
        for top in range(0, down, rows):
            strip.convolve(image, image_out, top, min(down, top + rows))
    out = out[:, :height, :width].permute(0, 3, 1, 2)
    return out.contiguous(memory_format=torch.channels_last)


class _Strip:
    """Convolves strips of one layer's maps, so many squares across."""

    def __init__(self, points: Tensor, bias: Tensor | None, square: int, across: int) -> None:
        self._points, self._bias, self._square, self._across = points, bias, square, across
        self._into = _kronecker_square(_INPUTS[square], points.dtype)
        self._back = _kronecker_square(_OUTPUTS[square], points.dtype)

    def convolve(self, image: Tensor, out: Tensor, top: int, bottom: int) -> None:
        """Convolve the squares of rows top to bottom of an image (h, w, inputs) into out, whole squares."""
        m, across, count = self._square, self._across, (bottom - top) * self._across
        side, (many, inputs, outputs) = m + 2, self._points.shape
        padded, taken, moved, products, back = _workspace(
            self._points.dtype,
            ((bottom - top) * m + 2, across * m + 2, inputs),
            (side, side, bottom - top, across, inputs),
            (many, count * inputs),
            (many, count, outputs),
            (m * m, count * outputs),
        )
        _pad(image, top * m - 1, padded)
        taken.copy_(padded.unfold(0, side, m).unfold(1, side, m).permute(3, 4, 0, 1, 2))
        torch.mm(self._into, taken.view(many, -1), out=moved)
        torch.bmm(moved.view(many, count, inputs), self._points, out=products)
        torch.mm(self._back, products.view(many, -1), out=back)
        found = back.view(m, m, bottom - top, across, outputs).permute(2, 0, 3, 1, 4)
        target = out[top * m : bottom * m].view(found.shape)
        if self._bias is None:
            target.copy_(found)
        else:
            torch.add(found, self._bias, out=target)


def _pad(image: Tensor, first: int, padded: Tensor) -> None:
    """Copy an image's rows from `first` on, which may be -1, into padded (h, w, C), zeros around them."""
    begin, end = max(0, first), min(len(image), first + len(padded))
    width = image.shape[1]
    padded[: begin - first].zero_()
    padded[end - first :].zero_()
    rows = padded[begin - first : end - first]
    rows[:, :1].zero_()
    rows[:, 1 + width :].zero_()
    rows[:, 1 : 1 + width].copy_(image[begin:end])


_workspaces = threading.local()
"""Each thread's workspace. Allocating new memory each time would cost half of the speedup."""


def _workspace(dtype: torch.dtype, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Return uninitialised tensors of these shapes, slices of the thread's workspace."""
    sizes = [math.prod(shape) for shape in shapes]
    kept: Tensor | None = getattr(_workspaces, str(dtype), None)
    if kept is None or len(kept) < sum(sizes):
        with torch.inference_mode(False):
            kept = torch.empty(sum(sizes), dtype=dtype)
        setattr(_workspaces, str(dtype), kept)
    parts = torch.split(kept[: sum(sizes)], sizes)
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
