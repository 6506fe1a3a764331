import os
import unittest

from crystals import determinant, energy, read_crystals, structures_of

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "..", "data", "delta-dft.extxyz")


class CrystalsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.crystals = read_crystals(DATA)

    def test_every_crystal_is_read(self):
        self.assertEqual(71, len(self.crystals))
        helium = self.crystals[1]
        self.assertEqual("He", helium.name)
        self.assertEqual(["He", "He"], helium.elements)
        self.assertEqual([2.926609, 0, 0, -1.4633045, 2.534517741, 0], helium.cell[:6])
        self.assertEqual([1.463304471, 0.8448392639, 1.194782], helium.positions[3:])
        self.assertEqual((17.7708, 7.71), (helium.volume, helium.bulk_modulus_derivative))

    def test_structures_have_the_volumes_asked_for(self):
        for crystal in self.crystals:
            structures = list(structures_of(crystal))
            self.assertEqual([0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06], [each.volume_factor for each in structures])
            for structure in structures:
                volume = abs(determinant(structure.cell)) / len(crystal.elements)
                self.assertAlmostEqual(structure.volume_factor * crystal.volume, structure.volume, delta=1e-12)
                self.assertAlmostEqual(structure.volume, volume, delta=1e-9 * volume)

    def test_coordinates_are_scaled_with_the_cell(self):
        helium = self.crystals[1]
        for structure in structures_of(helium):
            self.assertAlmostEqual(
                helium.positions[3] / helium.cell[0], structure.positions[3] / structure.cell[0], delta=1e-14
            )

    def test_energy_is_lowest_at_the_crystals_volume_with_its_bulk_modulus(self):
        for crystal in self.crystals:
            step = 1e-3 * crystal.volume
            left, middle, right = (energy(crystal, crystal.volume + k * step) for k in (-1, 0, 1))
            self.assertEqual(0.0, middle)
            curvature = crystal.volume * (left - 2 * middle + right) / step**2
            self.assertAlmostEqual(1.0, curvature / crystal.bulk_modulus, delta=1e-4)


if __name__ == "__main__":
    unittest.main()
