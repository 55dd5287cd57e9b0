"""The contract, asked of a running server of this build."""

import pathlib
import re
import subprocess
import unittest

from harness import LonghandTest, environment


class Contract(LonghandTest):
    def test_every_route_and_answer_is_as_the_contract_says(self):
        # Its webhook is at a port of this machine where nobody listens.
        server = self.serve("--allow-network", "127.0.0.1")
        script = pathlib.Path(__file__).with_name("contract_test.py")
        done = subprocess.run(["/usr/bin/python3", script, server.url, self.token()], text=True, capture_output=True, timeout=300, env=environment())
        print(done.stdout[-3000:])
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-3000:])
        failures = re.findall(r"^.* (?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+ 500 .*$", server.log_text(), re.M)
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
