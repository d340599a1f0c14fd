"""Trace thin lines of pixels: one path per connected piece, the longest one after cycles are cut."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from inference_core.types import BoolArray

IntArray = NDArray[np.int64]

MIN_NODES = 4
"""Pieces of fewer pixels give no path; the protocol's number."""

_EIGHT_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
_STRAIGHT, _DIAGONAL = 0, 1

Graph = list[list[int]]
"""For each node, a pixel numbered in reading order, its neighbours in reading order."""
Edge = tuple[int, int]


def longest_paths(lines: BoolArray) -> list[IntArray]:
    """Return the longest path of each piece of `lines` (H, W) as (N, 2) pixels (x, y), from end to end."""
    rows, columns = np.nonzero(lines)
    points = np.stack((columns, rows), axis=1)
    return [points[path] for path in _paths(_without_cycles(_neighbours(lines), points))]


def _neighbours(lines: BoolArray) -> Graph:
    rows, columns = np.nonzero(lines)
    node_at = np.full((lines.shape[0] + 2, lines.shape[1] + 2), -1, dtype=np.int64)
    node_at[rows + 1, columns + 1] = np.arange(rows.size)
    around = np.stack([node_at[rows + 1 + down, columns + 1 + right] for down, right in _EIGHT_STEPS], axis=1)
    return [[node for node in nodes if node >= 0] for nodes in around.tolist()]


def _without_cycles(graph: Graph, points: IntArray) -> Graph:
    """Cut the heaviest edge of each cycle: of its diagonal ones the first in depth-first order.

    Edges are added lightest first, leaving out those that would close a cycle (Kruskal); so a ring is opened
    at its first pixel in that order.
    """
    edges = _edges_by_depth(graph)
    ends = points[np.array(edges, dtype=np.int64).reshape(-1, 2)]
    weights = np.where(np.abs(ends[:, 0] - ends[:, 1]).sum(axis=1) == 1, _STRAIGHT, _DIAGONAL)
    leader = list(range(len(graph)))
    tree: Graph = [[] for _ in graph]
    for place in np.lexsort((-np.arange(len(edges)), weights)).tolist():
        node, neighbour = edges[place]
        first, second = _find(leader, node), _find(leader, neighbour)
        if first != second:
            leader[first] = second
            tree[node].append(neighbour)
            tree[neighbour].append(node)
    return [sorted(nodes) for nodes in tree]


def _edges_by_depth(graph: Graph) -> list[Edge]:
    """Return every edge once, in the order of a depth-first traversal from the first node of each piece."""
    edges: list[Edge] = []
    left = [deque(nodes) for nodes in graph]
    crossed: set[Edge] = set()
    for start in range(len(graph)):
        trail = [start]
        while trail:
            node = trail[-1]
            if not left[node]:
                trail.pop()
                continue
            neighbour = left[node].popleft()
            edge = (min(node, neighbour), max(node, neighbour))
            if edge not in crossed:
                crossed.add(edge)
                edges.append(edge)
                trail.append(neighbour)
    return edges


def _find(leader: list[int], node: int) -> int:
    while leader[node] != node:
        leader[node] = leader[leader[node]]
        node = leader[node]
    return node


def _paths(tree: Graph) -> list[list[int]]:
    paths: list[list[int]] = []
    seen: set[int] = set()
    for node in range(len(tree)):
        if node in seen:
            continue
        _, steps = _breadth_first(tree, node)
        seen.update(steps)
        if len(steps) >= MIN_NODES:
            longest = max(steps.values())
            one_end = min(end for end, length in steps.items() if length == longest)
            paths.append(_longest_path(tree, one_end))
    return paths


def _longest_path(tree: Graph, one_end: int) -> list[int]:
    """Trace back from the farthest node, the first one found where several are as far."""
    came_from, steps = _breadth_first(tree, one_end)
    path = [max(steps, key=steps.__getitem__)]
    while path[-1] != one_end:
        path.append(came_from[path[-1]])
    return path[::-1]


def _breadth_first(tree: Graph, start: int) -> tuple[dict[int, int], dict[int, int]]:
    """Traverse breadth first from start: return each node's predecessor and number of steps."""
    came_from, steps = {start: start}, {start: 0}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for neighbour in tree[node]:
            if neighbour not in steps:
                came_from[neighbour], steps[neighbour] = node, steps[node] + 1
                waiting.append(neighbour)
    return came_from, steps
