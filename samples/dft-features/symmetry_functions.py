"""Behler-Parrinello symmetry functions in plain Python: what the Java service is checked against.

The same algorithm as the service's SymmetryFunctions.java, so that the two differ in language alone.
"""

from math import ceil, cos, exp, floor, pi, sqrt

COUNT = 24
CUTOFF = 6.0
RADIAL_ETA = 2.0
RADIAL_CENTERS = [0.75 + 0.35 * k for k in range(16)]
ANGULAR_ETA = 0.01


def symmetry_functions(cell, positions):
    """Return the 24 features of each atom, one atom after the other."""
    features = []
    for center in range(len(positions) // 3):
        neighbours = find_neighbours(cell, positions, center)
        features += radial(neighbours)
        features += angular(neighbours)
    return features


def find_neighbours(cell, positions, center):
    """Return (x, y, z, distance) of all atoms and images around one, relative to it."""
    ax, ay, az, bx, by, bz, cx, cy, cz = cell
    dual = reciprocal(cell)
    reach = [CUTOFF * sqrt(x * x + y * y + z * z) for x, y, z in dual]
    center_x, center_y, center_z = positions[3 * center : 3 * center + 3]
    neighbours = []
    for atom in range(len(positions) // 3):
        x0 = positions[3 * atom] - center_x
        y0 = positions[3 * atom + 1] - center_y
        z0 = positions[3 * atom + 2] - center_z
        ranges = []
        for (x, y, z), planes in zip(dual, reach):
            fraction = x0 * x + y0 * y + z0 * z
            ranges.append(range(ceil(-fraction - planes), floor(-fraction + planes) + 1))
        for n0 in ranges[0]:
            for n1 in ranges[1]:
                for n2 in ranges[2]:
                    if atom == center and n0 == n1 == n2 == 0:
                        continue
                    x = x0 + (n0 * ax + n1 * bx + n2 * cx)
                    y = y0 + (n0 * ay + n1 * by + n2 * cy)
                    z = z0 + (n0 * az + n1 * bz + n2 * cz)
                    square = x * x + y * y + z * z
                    if square < CUTOFF * CUTOFF:
                        neighbours.append((x, y, z, sqrt(square)))
    return neighbours


def reciprocal(cell):
    """Return the dual vectors: each times a displacement is one of its fractional coordinates."""
    a, b, c = cell[0:3], cell[3:6], cell[6:9]
    volume = dot(a, cross(b, c))
    return [[number / volume for number in vector] for vector in (cross(b, c), cross(c, a), cross(a, b))]


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cutoff(distance):
    """(cos(pi r / rc) + 1) / 2, written so that it keeps its precision close to the cut-off."""
    cosine = cos(pi / (2.0 * CUTOFF) * distance)
    return cosine * cosine


def radial(neighbours):
    features = [0.0] * len(RADIAL_CENTERS)
    for _, _, _, distance in neighbours:
        weight = cutoff(distance)
        for k, center in enumerate(RADIAL_CENTERS):
            difference = distance - center
            features[k] += exp(-RADIAL_ETA * difference * difference) * weight
    return features


def angular(neighbours):
    weights = [exp(-ANGULAR_ETA * (distance * distance)) * cutoff(distance) for _, _, _, distance in neighbours]
    plus1 = minus1 = plus2 = minus2 = plus4 = minus4 = plus16 = minus16 = 0.0
    for j in range(1, len(neighbours)):
        xj, yj, zj, rj = neighbours[j]
        weight_j = weights[j]
        for k in range(j):
            xk, yk, zk, rk = neighbours[k]
            dx = xj - xk
            dy = yj - yk
            dz = zj - zk
            square = dx * dx + dy * dy + dz * dz
            if square >= CUTOFF * CUTOFF:
                continue
            weight = weight_j * weights[k] * exp(-ANGULAR_ETA * square) * cutoff(sqrt(square))
            cosine = (xj * xk + yj * yk + zj * zk) / (rj * rk)
            plus = 1.0 + cosine
            minus = 1.0 - cosine
            plus1 += plus * weight
            minus1 += minus * weight
            plus *= plus
            minus *= minus
            plus2 += plus * weight
            minus2 += minus * weight
            plus *= plus
            minus *= minus
            plus4 += plus * weight
            minus4 += minus * weight
            plus **= 4
            minus **= 4
            plus16 += plus * weight
            minus16 += minus * weight
    return [
        plus1,
        minus1,
        plus2 / 2,
        minus2 / 2,
        plus4 / 8,
        minus4 / 8,
        plus16 / 32768,
        minus16 / 32768,
    ]
