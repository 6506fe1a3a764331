"""The crystals of a DFT benchmark, at several volumes, with their energies."""

import shlex
from dataclasses import dataclass

GPA_PER_EV_PER_A3 = 160.21766208
VOLUME_FACTORS = [percent / 100 for percent in range(94, 107, 2)]


@dataclass(frozen=True)
class Crystal:
    """A crystal as the data has it; lengths in angstroms, volumes in A^3 per atom, B in eV/A^3."""

    name: str
    cell: list  # 9 numbers, row by row
    elements: list
    positions: list  # x y z of each atom, one after the other
    volume: float
    bulk_modulus: float
    bulk_modulus_derivative: float


@dataclass(frozen=True)
class Structure:
    """A crystal at one volume; volume in A^3 per atom, energy in eV per atom."""

    crystal: Crystal
    volume_factor: float
    cell: list
    positions: list
    volume: float
    energy: float


def read_crystals(path):
    """Read an extended XYZ file."""
    crystals = []
    with open(path, encoding="utf-8") as lines:
        for count in lines:
            properties = dict(word.split("=", 1) for word in shlex.split(next(lines)))
            atoms = [next(lines).split() for _ in range(int(count))]
            crystals.append(
                Crystal(
                    name=properties["name"],
                    cell=[float(number) for number in properties["Lattice"].split()],
                    elements=[atom[0] for atom in atoms],
                    positions=[float(number) for atom in atoms for number in atom[1:4]],
                    volume=float(properties["wien2k_volume"]),
                    bulk_modulus=float(properties["wien2k_B"]) / GPA_PER_EV_PER_A3,
                    bulk_modulus_derivative=float(properties["wien2k_Bp"]),
                )
            )
    return crystals


def structures_of(crystal):
    """Yield the crystal at each of the volumes."""
    for factor in VOLUME_FACTORS:
        volume = factor * crystal.volume
        scale = (volume * len(crystal.elements) / abs(determinant(crystal.cell))) ** (1 / 3)
        yield Structure(
            crystal=crystal,
            volume_factor=factor,
            cell=[scale * number for number in crystal.cell],
            positions=[scale * number for number in crystal.positions],
            volume=volume,
            energy=energy(crystal, volume),
        )


def energy(crystal, volume):
    """The Birch-Murnaghan equation of state, in eV per atom, 0 at the crystal's own volume."""
    x = (crystal.volume / volume) ** (2 / 3)
    stiffness = (x - 1) ** 3 * crystal.bulk_modulus_derivative + (x - 1) ** 2 * (6 - 4 * x)
    return 9 * crystal.volume * crystal.bulk_modulus / 16 * stiffness


def determinant(cell):
    a, b, c, d, e, f, g, h, i = cell
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
