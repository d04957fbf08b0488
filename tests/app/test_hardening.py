"""The compiler's and linker's hardening flags took effect in the release build: a flag that does nothing protects nothing."""
import subprocess
import sys
import unittest

import harness


def readelf(option):
    return subprocess.run(["readelf", "--wide", option, harness.EXPORTER], capture_output=True, text=True, check=True,
                          timeout=harness.LIMIT_SECONDS).stdout


class Hardening(unittest.TestCase):
    def test_addresses_are_random(self):
        self.assertRegex(readelf("--file-header"), r"Type:\s+DYN")

    def test_relocations_are_read_only_and_bound_at_the_start(self):
        self.assertIn("GNU_RELRO", readelf("--program-headers"))
        self.assertRegex(readelf("--dynamic"), r"\bBIND_NOW\b|\bNOW\b")

    def test_the_stack_is_protected_and_not_executable(self):
        stack = next(line for line in readelf("--program-headers").splitlines() if "GNU_STACK" in line)
        self.assertNotIn("E", stack.split("GNU_STACK")[1])
        self.assertIn("__stack_chk_fail", readelf("--dyn-syms"))

    def test_calls_are_fortified(self):
        self.assertRegex(readelf("--dyn-syms"), r"__\w+_chk\b")

    def test_the_standard_library_checks_its_arguments(self):
        """A failed assertion of -D_GLIBCXX_ASSERTIONS calls a function that nothing else uses."""
        self.assertIn("__glibcxx_assert_fail", readelf("--dyn-syms"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
