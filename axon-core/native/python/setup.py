"""Build the extension together with the C library, which lies beside this folder or, in a source archive, in it.

Python 3.11 and later share one wheel: the extension keeps to the limited API, which buffers joined in 3.11.
"""

import copy
import os
import shutil
import sys
import sysconfig
from glob import glob

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HERE = os.path.dirname(os.path.abspath(__file__))
BESIDE = os.path.join(os.path.dirname(HERE), "c")
WITHIN = os.path.join(HERE, "c")
LIMITED = sys.version_info >= (3, 11) and not sysconfig.get_config_var("Py_GIL_DISABLED")


def library():
    folder = WITHIN if os.path.isdir(WITHIN) else BESIDE
    if not os.path.exists(os.path.join(folder, "axon.h")):
        raise SystemExit(f"{folder} does not hold axon.h: install from the repository, with pip 21.3 or newer")
    return folder


class BuildWithLibrary(build_ext):
    """Adds the library's sources here, because setuptools wants those of an Extension to lie in this folder."""

    def build_extension(self, extension):
        folder = library()
        extension = copy.copy(extension)
        extension.sources = extension.sources + sorted(glob(os.path.join(folder, "*.c")))
        extension.depends = extension.depends + glob(os.path.join(folder, "*.h"))
        extension.include_dirs = [folder]
        super().build_extension(extension)


class ArchiveWithLibrary(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        os.makedirs(os.path.join(base_dir, "c"), exist_ok=True)
        for source in glob(os.path.join(library(), "*.[ch]")):
            shutil.copy2(source, os.path.join(base_dir, "c"))


setup(
    cmdclass={"build_ext": BuildWithLibrary, "sdist": ArchiveWithLibrary},
    ext_modules=[
        Extension(
            "axon._axon",
            sources=sorted(glob("src/*.c")),
            depends=["src/module.h"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")] if LIMITED else [],
            py_limited_api=LIMITED,
            extra_compile_args=["-std=c11", "-fvisibility=hidden"],
            extra_link_args=["-pthread"],
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED else {},
)
