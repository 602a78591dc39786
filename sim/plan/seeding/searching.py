"""Searches whose answer is checked: how many pass, one search or many at once; and whether only few fail.

Rules of this file: what is asked is a function of one number; it is taken to be monotone to find the answer,
which is verified on both sides. What can be asked at the same time is asked together: an answer does not
depend on it. Searches that go on together ask what each would ask alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence


def most_that_pass(passes: Callable[[int], bool], most: int) -> int:
    """A number n from 0 to `most` that passes while n + 1 does not: the largest one, if more is never easier
    (0 always passes)."""
    (found,) = each_most_that_passes(lambda asked: [passes(number) for _, number in asked], [most])
    return found


def each_most_that_passes(
    passes: Callable[[Sequence[tuple[int, int]]], Sequence[bool]], mosts: Sequence[int]
) -> list[int]:
    """The same of several searches that go on together. `passes`: whether these pass, as (place of the
    search, number), of every search at most one."""
    searches = [_search(most) for most in mosts]
    found = [0] * len(mosts)
    answers: dict[int, bool | None] = dict.fromkeys(range(len(mosts)))
    while answers:
        asked: list[tuple[int, int]] = []
        for place, answer in answers.items():
            try:
                asked.append((place, searches[place].send(answer)))
            except StopIteration as end:
                found[place] = end.value
        answers = (
            {place: good for (place, _), good in zip(asked, passes(asked), strict=True)} if asked else {}
        )
    return found


def few_fail(fails: Callable[[Sequence[int]], Sequence[bool]], count: int, most: int) -> bool:
    """Whether at most `most` of the numbers below `count` fail. The last ones are asked first, in groups: as
    many as decide if all of them fail, then twice as many, and so on."""
    left, failed, together = list(range(count)), 0, most + 1
    while left:
        some, left = left[-together:], left[:-together]
        failed += sum(fails(some))
        if failed > most:
            return False
        together *= 2
    return True


def rounds(most: int) -> int:
    """How many numbers such a search asks for at most."""
    return 1 + max(0, most - 1).bit_length()


def _search(most: int) -> Generator[int, bool | None, int]:
    """Yields numbers, is sent whether they pass."""
    if most <= 0 or (yield most):
        return max(0, most)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if (yield middle):
            low = middle
        else:
            high = middle
    return low
