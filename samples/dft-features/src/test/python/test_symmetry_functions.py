import math
import unittest

from symmetry_functions import symmetry_functions

CUBE = [20.0, 0.0, 0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 20.0]


class SymmetryFunctionsTest(unittest.TestCase):
    def test_two_atoms_see_each_other(self):
        features = symmetry_functions(CUBE, [1.0, 1.0, 1.0, 1.0, 3.0, 1.0])
        self.assertEqual(48, len(features))
        self.assertAlmostEqual(0.75 * math.exp(-0.08), features[3], delta=1e-14)
        self.assertEqual([0.0] * 8, features[16:24])
        self.assertEqual(features[:24], features[24:])

    def test_three_atoms_make_one_angle_each(self):
        features = symmetry_functions(CUBE, [0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 1.0, math.sqrt(3.0), 0.0])
        weight = 0.75**3 * math.exp(-0.12)
        for atom in range(3):
            angular = features[24 * atom + 16 : 24 * atom + 24]
            for zeta, plus, minus in zip((1, 2, 4, 16), angular[::2], angular[1::2]):
                scale = 2.0 ** (1 - zeta) * weight
                self.assertAlmostEqual(1.0, plus / (scale * 1.5**zeta), delta=1e-13)
                self.assertAlmostEqual(1.0, minus / (scale * 0.5**zeta), delta=1e-13)

    def test_an_atom_sees_its_own_images(self):
        features = symmetry_functions([number * 0.15 for number in CUBE], [0.0, 0.0, 0.0])
        shells = [(6, 3.0), (12, math.sqrt(18.0)), (8, math.sqrt(27.0))]
        for k in range(16):
            expected = sum(
                count * math.exp(-2 * (r - 0.75 - 0.35 * k) ** 2) * (math.cos(math.pi * r / 6) + 1) / 2
                for count, r in shells
            )
            self.assertAlmostEqual(1.0, features[k] / expected, delta=1e-12)


if __name__ == "__main__":
    unittest.main()
