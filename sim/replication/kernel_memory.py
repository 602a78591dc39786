"""How kernels reach the arrays of the state: one small array of addresses instead of many arguments.

Rules of this file: a *layout* holds, for every array of the state, its address and its length (store.py
writes it and keeps the arrays alive). `rows`, `columns` and `flat` make the functions that turn a layout
into an array, inside kernels only and for nothing: passing sixty arrays from function to function is what
an event would otherwise cost most. The other dimension is fixed here, so that strides are constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

WORDS = 2
"""Of a layout, for every array: its address and its length."""


def _view(slot: int, dtype: Any, size: int, layout: str) -> Callable[[Any], Any]:
    @intrinsic
    def view(context: Any, memory: Any) -> Any:
        array = types.Array(dtype, 1 if layout == "flat" else 2, "C")

        def build(target: Any, builder: Any, signature: Any, values: Any) -> Any:
            addresses = make_array(signature.args[0])(target, builder, values[0]).data
            address = builder.load(cgutils.gep(builder, addresses, slot * WORDS))
            length = builder.load(cgutils.gep(builder, addresses, slot * WORDS + 1))
            item = target.get_constant(types.intp, dtype.bitwidth // 8)
            fixed = target.get_constant(types.intp, size)
            shape = {"flat": [length], "rows": [length, fixed], "columns": [fixed, length]}[layout]
            strides = [item] if layout == "flat" else [builder.mul(item, shape[1]), item]
            made = make_array(array)(target, builder)
            data = builder.inttoptr(address, made.data.type)
            populate_array(made, data=data, shape=shape, strides=strides, itemsize=item, meminfo=None)
            return made._getvalue()

        return array(memory), build

    return view  # type: ignore[no-any-return]


def flat(slot: int, dtype: Any) -> Callable[[Any], Any]:
    """An array of one dimension."""
    return _view(slot, dtype, 0, "flat")


def rows(slot: int, dtype: Any, width: int) -> Callable[[Any], Any]:
    """An array of rows of this width."""
    return _view(slot, dtype, width, "rows")


def columns(slot: int, dtype: Any, height: int) -> Callable[[Any], Any]:
    """An array of so many rows, as long as there is room for."""
    return _view(slot, dtype, height, "columns")


LINE = 64
"""Bytes of a cache line; rows that fill whole lines begin at one (store.py)."""


def ahead(slot: int, dtype: Any, width: int, first_line: int, end_line: int) -> Callable[[Any, Any], Any]:
    """Have the processor fetch some cache lines of a row that is needed soon. Changes no result, and any
    index will do."""

    @intrinsic
    def fetch(context: Any, memory: Any, index: Any) -> Any:
        def build(target: Any, builder: Any, signature: Any, values: Any) -> Any:
            addresses = make_array(signature.args[0])(target, builder, values[0]).data
            place = builder.load(cgutils.gep(builder, addresses, slot * WORDS))
            row = target.cast(builder, values[1], signature.args[1], types.intp)
            row_bytes = target.get_constant(types.intp, width * (dtype.bitwidth // 8))
            place = builder.add(place, builder.mul(row, row_bytes))
            pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            function = builder.module.declare_intrinsic(
                "llvm.prefetch", (pointer,), ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
            )
            to_write, keep, data = number(1), number(3), number(1)
            for line in range(first_line, end_line):
                at = builder.add(place, target.get_constant(types.intp, LINE * line))
                builder.call(function, [builder.inttoptr(at, pointer), to_write, keep, data])
            return target.get_dummy_value()

        return types.void(memory, index), build

    return fetch  # type: ignore[no-any-return]
