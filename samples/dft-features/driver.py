"""Turn DFT data into a training set, with the arithmetic done by a Java service over Axon."""

import argparse
import csv
import math
import os
import statistics
import struct
import sys
import time

import axon
from crystals import read_crystals, structures_of
from symmetry_functions import COUNT, symmetry_functions

RECOMPUTE_EVERY = 25
TOLERANCE = 1e-9
HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    options = parse_arguments()
    structures = [structure for crystal in read_crystals(options.data) for structure in structures_of(crystal)]
    sample = structures[::RECOMPUTE_EVERY]
    with axon.open(options.channel, role="client", open_timeout=60.0) as channel:
        start = time.perf_counter()
        features = [request(channel, structure) for structure in progress("over Axon", structures)]
        seconds = time.perf_counter() - start
        write_training_set(options.output, structures, features)

        start = time.perf_counter()
        expected = [
            symmetry_functions(structure.cell, structure.positions)
            for structure in progress("in pure Python, to compare", sample)
        ]
        python_seconds = time.perf_counter() - start

        for structure in structures:  # to warm the service up
            request(channel, structure)
        axon_seconds = statistics.median(seconds_to_request(channel, sample) for _ in range(5))

    difference = largest_difference(features[::RECOMPUTE_EVERY], expected)
    atoms = sum(len(structure.crystal.elements) for structure in structures)
    print(
        f"{len(structures)} structures, {atoms} atoms, {seconds:.2f} seconds, "
        f"largest relative difference {difference:.1e}, "
        f"{python_seconds / axon_seconds:.1f} times faster than pure Python"
    )
    return 0 if difference < TOLERANCE else 1


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channel", default="features", help="the channel's shared name")
    parser.add_argument("--data", default=os.path.join(HERE, "data", "delta-dft.extxyz"))
    parser.add_argument("--output", default=os.path.join(HERE, "target", "training-set.csv"))
    return parser.parse_args()


def request(channel, structure):
    """Have the service compute a structure's features: 24 of each atom, one atom after the other."""
    numbers = structure.cell + structure.positions
    with channel.request("structure", struct.pack(f"<{len(numbers)}d", *numbers), timeout=30.0) as reply:
        return struct.unpack(f"<{len(structure.crystal.elements) * COUNT}d", reply.payload)


def seconds_to_request(channel, structures):
    start = time.perf_counter()
    for structure in structures:
        request(channel, structure)
    return time.perf_counter() - start


def progress(what, items):
    """Yield the items and show how far they are: a bar on a terminal, plain lines otherwise."""
    terminal = sys.stdout.isatty()
    shown = 0
    for done, item in enumerate(items):
        yield item
        percent = 100 * (done + 1) // len(items)
        if percent // (1 if terminal else 20) > shown // (1 if terminal else 20):
            shown = percent
            count = f"{done + 1:{len(str(len(items)))}} of {len(items)}"
            if terminal:
                bar = "#" * (percent // 4)
                print(f"\r[{bar:25}] {count} structures {what}", end="", flush=True)
            else:
                print(f"{count} structures {what}", flush=True)
    if terminal:
        print()


def write_training_set(path, structures, features):
    """Write a row per atom; whoever reads the file never sees a part of it."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    unfinished = f"{path}.{os.getpid()}"
    with open(unfinished, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            ["crystal", "volume_factor", "atom", "element", "volume", "energy"] + [f"f{k}" for k in range(COUNT)]
        )
        for structure, numbers in zip(structures, features):
            for atom, element in enumerate(structure.crystal.elements):
                table.writerow(
                    [structure.crystal.name, structure.volume_factor, atom, element, structure.volume, structure.energy]
                    + list(numbers[atom * COUNT : (atom + 1) * COUNT])
                )
    os.replace(unfinished, path)


def largest_difference(features, expected):
    """Return the largest |a - b| / max(|a|, |b|), 0 where both are 0."""
    return max(relative_difference(a, b) for ours, theirs in zip(features, expected) for a, b in zip(ours, theirs))


def relative_difference(a, b):
    if a == b:
        return 0.0
    difference = abs(a - b) / max(abs(a), abs(b))
    return math.inf if math.isnan(difference) else difference


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (axon.AxonError, OSError, struct.error) as error:
        sys.exit(f"driver.py: {error}")
