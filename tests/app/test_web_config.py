"""--web.config.file from the outside: curl, openssl s_client and a real Prometheus use TLS, client certificates and passwords,
and the files change while the program runs."""
import http.client
import os
import re
import ssl
import subprocess
import sys
import tempfile
import unittest

import harness
from prometheus_server import Prometheus

# bcrypt hashes of the passwords below.
USERS = """basic_auth_users:
  alice: $2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e
  bob: $2y$05$ABCDEFGHIJKLMNOPQRSTUu06yJsQQklNhtUfE0nPurm5OiuvTXd/m
"""
ALICE = "alice:correct horse"
BOB = "bob:battery: staple"


def write(path, text):
    """Replaces the file atomically."""
    with harness.private_file(path + ".new") as file:
        file.write(text)
    os.rename(path + ".new", path)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=harness.LIMIT_SECONDS)


class Authority:
    """A certificate authority and the certificates it signs."""

    def __init__(self, directory, name):
        self.directory = directory
        self.certificate = os.path.join(directory, name + ".crt")
        self.key = os.path.join(directory, name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out", self.certificate)

    def sign(self, name, alternative_name, subject="test"):
        """Writes <name>.crt and <name>.key; each atomically, the key first."""
        path = os.path.join(self.directory, name)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}", "-keyout",
                path + ".key.new", "-out", path + ".csr", "-addext", f"subjectAltName={alternative_name}")
        openssl("x509", "-req", "-in", path + ".csr", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days",
                "2", "-copy_extensions", "copy", "-out", path + ".crt.new")
        os.chmod(path + ".key.new", 0o600)
        os.rename(path + ".key.new", path + ".key")
        os.rename(path + ".crt.new", path + ".crt")


class WebConfig(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.file = self.path("web.yml")

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, text, *arguments):
        write(self.file, text)
        exporter = harness.Exporter("--demo", "--web.config.file", self.file, *arguments)
        self.addCleanup(exporter.__exit__)
        return exporter

    def curl(self, exporter, *arguments, path="/healthz"):
        """Status and output, including headers; status 0 if there was no response."""
        done = subprocess.run(["curl", "--silent", "--show-error", "--include", "--max-time", "20", "--noproxy", "*", *arguments,
                               exporter.url + path], capture_output=True, text=True, timeout=harness.LIMIT_SECONDS, check=False)
        status = re.match(r"HTTP/1\.1 (\d{3})", done.stdout)
        return int(status.group(1)) if status else 0, done.stdout + done.stderr


class Tls(WebConfig):
    SERVER = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory, "authority")
        self.authority.sign("server", "IP:127.0.0.1")

    def trusting(self):
        return "--cacert", self.authority.certificate

    def s_client(self, exporter, *arguments):
        return subprocess.run(["openssl", "s_client", "-connect", exporter.url.split("//")[1], "-CAfile",
                               self.authority.certificate, *arguments], input="", capture_output=True, text=True,
                              timeout=harness.LIMIT_SECONDS, check=False)

    def served_serial(self, exporter):
        shown = self.s_client(exporter).stdout
        done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True, text=True,
                              timeout=harness.LIMIT_SECONDS, check=False)
        return done.stdout

    def test_serves_https_to_clients_that_trust_the_ca(self):
        exporter = self.start(self.SERVER)
        self.assertTrue(exporter.url.startswith("https://"), exporter.url)
        self.assertEqual(self.curl(exporter, *self.trusting())[0], 200)
        self.assertEqual(self.curl(exporter)[0], 0, "an unknown authority")

    def test_the_probe_accepts_any_certificate_on_any_address(self):
        file = self.path("exporter.sock")
        exporter = self.start(self.SERVER, "--web.listen-address", f"unix:{file}")
        for arguments in ((f"--probe={exporter.url}/healthz",),
                          ("--probe", "--web.config.file", self.file, "--web.listen-address", exporter.url.split("//")[1]),
                          ("--probe", "--web.config.file", self.file, "--web.listen-address", f"unix:{file}")):
            done = harness.run(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)

    def test_tells_plain_http_what_is_wrong(self):
        exporter = self.start(self.SERVER)
        exporter.url = exporter.url.replace("https", "http")
        output = self.curl(exporter)[1]
        self.assertIn("400 Bad Request", output)
        self.assertIn("HTTPS", output)

    def test_accepts_only_allowed_versions(self):
        exporter = self.start(self.SERVER + "  min_version: TLS13\n")
        self.assertIn("TLSv1.3", self.s_client(exporter, "-tls1_3").stdout)
        self.assertIn("alert", self.s_client(exporter, "-tls1_2").stderr)

    def test_accepts_only_allowed_cipher_suites(self):
        exporter = self.start(self.SERVER + "  max_version: TLS12\n"
                              "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n")
        self.assertIn("ECDHE-ECDSA-AES256-GCM-SHA384", self.s_client(exporter).stdout)
        self.assertIn("alert", self.s_client(exporter, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256").stderr)

    def test_takes_up_a_new_certificate_without_restart(self):
        exporter = self.start(self.SERVER)
        before = self.served_serial(exporter)
        self.assertRegex(before, "^serial=")
        self.authority.sign("server", "IP:127.0.0.1")
        harness.wait_until(lambda: self.served_serial(exporter) not in ("", before), "the new certificate is served")
        self.assertEqual(self.curl(exporter, *self.trusting())[0], 200)

    def test_a_broken_new_certificate_keeps_the_old_one_and_says_so(self):
        exporter = self.start(self.SERVER)
        write(self.path("server.crt"), "no certificate")
        told = harness.wait_until(lambda: exporter.events("the web configuration can't be used; keeping the previous one"),
                                  "the log tells")
        self.assertIn("certificate", told[0]["error"])
        self.assertEqual(self.curl(exporter, *self.trusting())[0], 200)
        self.authority.sign("server", "IP:127.0.0.1")
        harness.wait_until(lambda: exporter.events("web configuration reloaded"), "the next good one is taken up")
        self.assertEqual(self.curl(exporter, *self.trusting())[0], 200)

    def test_lets_clients_in_by_certificate_and_name(self):
        self.authority.sign("good", "DNS:prometheus.example")
        self.authority.sign("other", "DNS:other.example")
        Authority(self.directory, "stranger").sign("strange", "DNS:prometheus.example")
        exporter = self.start(self.SERVER + "  client_auth_type: RequireAndVerifyClientCert\n"
                              "  client_ca_file: authority.crt\n  client_allowed_sans: [prometheus.example]\n")

        def status(name):
            return self.curl(exporter, *self.trusting(), "--cert", self.path(name + ".crt"), "--key", self.path(name + ".key"))[0]

        self.assertEqual(status("good"), 200)
        self.assertEqual(status("other"), 0)
        self.assertEqual(status("strange"), 0)
        self.assertEqual(self.curl(exporter, *self.trusting())[0], 0, "no certificate")

    def test_disconnects_a_client_that_is_no_longer_allowed(self):
        exporter = self.start(self.SERVER)
        context = ssl.create_default_context(cafile=self.authority.certificate)
        kept = http.client.HTTPSConnection(exporter.url.split("//")[1], context=context, timeout=harness.LIMIT_SECONDS)
        self.addCleanup(kept.close)
        kept.request("GET", "/healthz")
        self.assertEqual(kept.getresponse().read(), b"ok\n")
        write(self.file, self.SERVER + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.crt\n")
        harness.wait_until(lambda: exporter.events("web configuration reloaded"), "certificates are asked for")
        self.assertEqual(kept.sock.recv(1), b"", "the server has closed")

    def test_still_requires_certificates_if_client_auth_type_is_cut_off(self):
        exporter = self.start(self.SERVER + "  client_ca_file: authority.crt\n  client_auth_type: RequireAndVerifyClientCert\n")
        self.assertEqual(self.curl(exporter, *self.trusting())[0], 0, "no certificate")
        write(self.file, self.SERVER)
        told = harness.wait_until(lambda: exporter.events("the web configuration can't be used; keeping the previous one"),
                                  "the log tells")
        self.assertIn("tls_server_config.client_auth_type", told[0]["error"])
        self.assertEqual(self.curl(exporter, *self.trusting())[0], 0, "no certificate")

    def test_each_client_auth_type_means_what_it_means_in_go(self):
        self.authority.sign("good", "DNS:prometheus.example")
        Authority(self.directory, "stranger").sign("strange", "DNS:prometheus.example")
        # Whether a client is accepted: without a certificate, with an untrusted one, with a valid one.
        meanings = {
            "NoClientCert": (True, True, True),
            "RequestClientCert": (True, True, True),
            "RequireAnyClientCert": (False, True, True),
            "VerifyClientCertIfGiven": (True, False, True),
            "RequireAndVerifyClientCert": (False, False, True),
        }
        for kind, expected in meanings.items():
            authority = "  client_ca_file: authority.crt\n" if "Verify" in kind else ""
            exporter = self.start(f"{self.SERVER}  client_auth_type: {kind}\n{authority}")
            let_in = tuple(
                self.curl(exporter, *self.trusting(), *certificate)[0] == 200
                for certificate in ((), ("--cert", self.path("strange.crt"), "--key", self.path("strange.key")),
                                    ("--cert", self.path("good.crt"), "--key", self.path("good.key"))))
            self.assertEqual(let_in, expected, kind)

    def test_a_prometheus_scrapes_with_certificate_and_password(self):
        self.authority.sign("good", "DNS:prometheus.example")
        exporter = self.start(self.SERVER + "  client_auth_type: RequireAndVerifyClientCert\n"
                              "  client_ca_file: authority.crt\n" + USERS)
        exporter.wait_for_poll()
        settings = {"scheme": "https", "basic_auth": {"username": "bob", "password": BOB[4:]},
                    "tls_config": {"ca_file": self.authority.certificate, "cert_file": self.path("good.crt"),
                                   "key_file": self.path("good.key")}}
        prometheus = Prometheus([("exporter", exporter.url.split("//")[1], {})], self.directory, settings=settings)
        self.addCleanup(prometheus.stop)
        harness.wait_until(lambda: list(prometheus.query("up").values()) == [1], "the target is up")
        self.assertEqual(list(prometheus.query("sum(datadog_access_tokens)").values()), [400])


class Passwords(WebConfig):
    def test_are_asked_for_on_every_path(self):
        exporter = self.start(USERS)
        for path in ("/", "/metrics", "/healthz", "/readyz", "/nothing"):
            status, output = self.curl(exporter, path=path)
            self.assertEqual(status, 401, path)
            self.assertIn("WWW-Authenticate: Basic realm=", output)

    def test_let_users_in_and_nobody_else(self):
        exporter = self.start(USERS)
        for credentials in (ALICE, BOB, ALICE):
            self.assertEqual(self.curl(exporter, "--user", credentials)[0], 200, credentials)
        for credentials in ("alice:wrong", "alice:", "bob:correct horse", "carol:correct horse", ":"):
            self.assertEqual(self.curl(exporter, "--user", credentials)[0], 401, credentials)

    def test_are_reloaded_when_the_file_changes(self):
        exporter = self.start(USERS)
        self.assertEqual(self.curl(exporter, "--user", BOB)[0], 200)
        write(self.file, USERS[:USERS.index("  bob")])
        harness.wait_until(lambda: self.curl(exporter, "--user", BOB)[0] == 401, "bob is out")
        self.assertEqual(self.curl(exporter, "--user", ALICE)[0], 200)

    def test_stay_when_the_new_file_is_broken(self):
        exporter = self.start(USERS)
        write(self.file, "basic_auth_users: {alice: plain text}\n")
        told = harness.wait_until(lambda: exporter.events("the web configuration can't be used; keeping the previous one"),
                                  "the log tells")
        self.assertNotIn("plain text", str(told))
        self.assertEqual(self.curl(exporter, "--user", ALICE)[0], 200)
        self.assertEqual(self.curl(exporter)[0], 401)

    def test_are_not_required_on_the_probe_address(self):
        exporter = self.start(USERS, "--web.probe-listen-address", "127.0.0.1:0")
        exporter.url = exporter.first("listening for probes")["address"]
        self.assertEqual(self.curl(exporter, path="/healthz")[0], 200)
        self.assertEqual(self.curl(exporter, path="/metrics")[0], 404)


class OtherSettings(WebConfig):
    def test_headers_are_on_every_answer(self):
        exporter = self.start("http_server_config:\n  headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=9}\n")
        for path in ("/", "/metrics", "/nothing"):
            output = self.curl(exporter, path=path)[1]
            self.assertIn("X-Frame-Options: deny\n", output.replace("\r", ""), path)
            self.assertIn("Strict-Transport-Security: max-age=9\n", output.replace("\r", ""), path)
            self.assertEqual(output.count("X-Content-Type-Options"), 1)

    def test_the_rate_limit_exempts_probes(self):
        exporter = self.start("rate_limit: {interval: 1h, burst: 2}\n")
        self.assertEqual([self.curl(exporter, path="/metrics")[0] for _ in range(3)], [200, 200, 429])
        self.assertEqual(self.curl(exporter, path="/healthz")[0], 200)

    def test_the_metrics_tell_whether_the_file_is_in_use(self):
        good = "http_server_config:\n  headers: {X-Frame-Options: deny}\n"
        exporter = self.start(good)
        prefix = "datadog_access_token_exporter_config_last_reload_"
        web = frozenset({("file", "web")})

        def told():
            metrics = exporter.metrics()
            return metrics[prefix + "successful"][web], metrics[prefix + "success_timestamp_seconds"][web]

        successful, at_first = told()
        self.assertEqual(successful, 1)
        write(self.file, "nonsense: 1\n")
        harness.wait_until(lambda: told() == (0, at_first), "the failure is told")
        write(self.file, good)
        harness.wait_until(lambda: told()[0] == 1, "the success is told")
        self.assertGreater(told()[1], at_first)

    def test_a_wrong_file_fails_startup_and_check_and_is_located(self):
        write(self.file, "tls_server_confg: {}\n")
        for mode in ((), ("--config.check",)):
            done = harness.run("--demo", "--web.config.file", self.file, *mode)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{self.file}:1: tls_server_confg: unknown key; did you mean tls_server_config?", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
