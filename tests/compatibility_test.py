"""docs/compatibility.md names only tests that are there."""

import re
import unittest

from harness import ROOT


class Compatibility(unittest.TestCase):
    def test_each_test_that_it_names_is_there(self):
        text = (ROOT / "docs/compatibility.md").read_text()
        units = "".join(path.read_text() for path in ROOT.glob("src/*/*_test.cc"))
        unit_names = set(re.findall(r"`([A-Z]\w+)\.([A-Z]\w+)`", text))
        there = set(re.findall(r"TEST(?:_F)?\((\w+), (\w+)\)", units))
        self.assertGreater(len(unit_names), 15)
        self.assertEqual(unit_names - there, set())
        process_names = set(re.findall(r"`(\w+_test): (test_\w+)`", text))
        self.assertGreater(len(process_names), 15)
        for file, name in process_names:
            self.assertIn(f"    def {name}(self", (ROOT / f"tests/{file}.py").read_text(), file)


if __name__ == "__main__":
    unittest.main()
