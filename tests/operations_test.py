"""What runs the server day by day: /metrics as promtool reads it, and that the documents, the dashboard and the alerts
name no series that is not there, and leave none out."""

import json
import re
import subprocess
import unittest

from harness import DEADLINE, ROOT, Api, LonghandTest

NAME = re.compile(r"\b(?:longhand_[a-z][a-z0-9_]+|process_(?:cpu|resident|open|max|start)_[a-z_]+)")
PACKAGING = ROOT / "packaging"
PROMTOOL = ROOT / "build/tools/promtool"  # fetched by ./dev


def promtool(*words, text=None):
    """Its exit status, and all that it said."""
    done = subprocess.run([PROMTOOL, *map(str, words)], input=text, capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode, done.stdout + done.stderr


def families(text):
    """Names of metrics with their types."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


def family_of(series, known):
    """The family that a series is of, or None."""
    if series in known:
        return series
    base = re.sub(r"_(bucket|sum|count)$", "", series)
    return base if known.get(base) == "histogram" else None


def dashboard():
    return json.loads((PACKAGING / "grafana/longhand.json").read_text())


def expressions():
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]


class Operations(LonghandTest):
    def metrics(self):
        server = self.serve("--log-level", "warning")
        api = Api(server.url, self.token())
        self.assertEqual(api.raw("GET", "/healthz")[0], 200)
        self.assertEqual(api.get("/api/jobs")["jobs"], [])
        status, headers, body = api.raw("GET", "/metrics")
        self.assertEqual((status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        return body.decode()

    def test_promtool_finds_nothing_to_say_of_the_metrics(self):
        self.assertEqual(promtool("check", "metrics", text=self.metrics()), (0, ""))

    def test_what_is_named_is_there_and_what_is_there_is_documented(self):
        known = families(self.metrics())
        self.assertGreater(len(known), 40)
        document = (ROOT / "docs/operations.md").read_text()
        for place, text in [("docs/operations.md", document), ("the dashboard", "\n".join(expressions())),
                            ("the alerts", (PACKAGING / "prometheus/alerts.yml").read_text())]:
            named = set(NAME.findall(text))
            self.assertGreater(len(named), 10, place)
            self.assertEqual([name for name in sorted(named) if not family_of(name, known)], [], f"{place} names what /metrics has not")
        told = {family_of(name, known) for name in NAME.findall(document)}
        self.assertEqual(sorted(set(known) - told), [], "docs/operations.md leaves these out")

    def test_no_gauge_is_taken_for_a_counter_and_no_counter_for_a_gauge(self):
        """A gauge that falls has not started again, and the delta of a counter that has is none."""
        known = families(self.metrics())
        asked = "\n".join([*expressions(), (PACKAGING / "prometheus/alerts.yml").read_text()])
        found = re.findall(r"\b(rate|irate|increase|delta|idelta|deriv|predict_linear)\((\w+)", asked)
        self.assertGreater(len(found), 30)
        for function, series in found:
            counts = known[family_of(series, known)] in ("counter", "histogram")
            self.assertEqual(counts, function in ("rate", "irate", "increase"), f"{function}({series})")

    def test_every_alert_is_explained(self):
        document = (ROOT / "docs/operations.md").read_text()
        alerts = re.findall(r"- alert: (\w+)", (PACKAGING / "prometheus/alerts.yml").read_text())
        self.assertGreater(len(alerts), 10)
        self.assertEqual([alert for alert in alerts if f"`{alert}`" not in document], [])

    def test_the_alerts_are_told_when_they_should_be_and_only_then(self):
        for words in (("check", "rules", PACKAGING / "prometheus/alerts.yml"), ("test", "rules", PACKAGING / "prometheus/alerts_test.yml")):
            status, said = promtool(*words)
            self.assertEqual(status, 0, said)
        tested = (PACKAGING / "prometheus/alerts_test.yml").read_text()
        for alert in re.findall(r"- alert: (\w+)", (PACKAGING / "prometheus/alerts.yml").read_text()):
            self.assertEqual(len(re.findall(rf"alertname: {alert}\b", tested)), 2, f"{alert}: once when it is told, once when all is well")

    def test_the_dashboard_asks_what_prometheus_understands(self):
        ids = [panel["id"] for panel in dashboard()["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        rules = [{"record": "panel:expression", "labels": {"at": str(at)}, "expr": expr.replace("$__rate_interval", "1m").replace("$instance", ".*")}
                 for at, expr in enumerate(expressions())]
        self.assertGreater(len(rules), 30)
        path = self.folder / "rules.json"  # JSON is YAML
        path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        status, said = promtool("check", "rules", path)
        self.assertEqual(status, 0, said)

    def test_the_packaged_configuration_is_one(self):
        """As it is installed, and with what it suggests but for a provider, whom there is nobody to be."""
        installed = (PACKAGING / "longhand.toml").read_text()
        suggested, count = re.subn(r"^# (?=(?!provider|model)[a-z_]+ = )", "", installed, flags=re.M)
        self.assertGreaterEqual(count, 3)
        for name, text in (("installed", installed), ("suggested", suggested)):
            config = self.folder / f"{name}.toml"
            config.write_text(text)
            server = self.start("serve", "--config", config, "--listen", "127.0.0.1:0", "--data", self.folder / name)
            self.assertEqual(Api(server.url).raw("GET", "/healthz")[0], 200)
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
