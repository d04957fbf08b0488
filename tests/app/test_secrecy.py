"""Runs the whole program at debug level through every fault, with servers that echo the credentials back, and searches all of
its output for them. Credentials must reach only the configured host."""
import base64
import concurrent.futures
import gzip
import itertools
import os
import re
import sys
import tempfile
import time
import unittest
import urllib.parse

import fault_server
import harness
from fault_server import FaultServer, RecordingProxy, answer, json_answer, listing, token

API_KEY = "5ec7a91d03be48f6c21790ad8e64b35f"
APP_KEY = "b17fe80c92d64a35e70814fcd9a6235b8c0e91f7"
# The format of a bearer token is up to Datadog; this one changes when it is escaped for a URL or for HTML.
BEARER_TOKEN = "ddpat_Kw7hQz3vRb_gT9x/mUe4+Yp2LsNc8=DfJ6aWkZ1oVi5HtB"
ACCESS_TOKEN = "ddsat_Xn4pLd8yMj_c5VqG2rTfE7uBzS9kHwA3iYo6mPxN1dJ"
# The contents of a secret file that holds garbage are secret too.
STRAY_SECRET = "e93b70f4a8d15c26f7081ba93d4e62c5"
ROTATED_TOKEN = "ddpat_Bv2sFk9wQe_a8RzY4nHtC6jMxD1pLuG7gWo3iKbT5dS"
PROXY_PASSWORD = "Tr0ub4dor-wJ6nXq2Zk9"
PROXY_USER = "egress-user-Hm5vLc8R"

SECRETS = {
    "API key": API_KEY,
    "application key": APP_KEY,
    "bearer token": BEARER_TOKEN,
    "access token": ACCESS_TOKEN,
    "stray secret": STRAY_SECRET,
    "rotated token": ROTATED_TOKEN,
    "proxy's password": PROXY_PASSWORD,
}

# What the listing says about individual tokens must not be exposed without --tokens.detail.
LISTED = {
    "name": "quarterly-report-robot-needle",
    "e-mail": "nadia.needle@secrecy.example",
    "token id": "0b6f2c94-7d1e-4e53-9a08-needle000001",
    "owner id": "f43a8d17-52c6-4b9f-8e20-needle000002",
    "public portion": "ddpat_PubNeedle7Qx",
    "own public portion": BEARER_TOKEN[:BEARER_TOKEN.rfind("_")],
}

FORMS = {
    "keys": {"api_key_file": API_KEY, "app_key_file": APP_KEY},
    "bearer": {"bearer_token_file": BEARER_TOKEN},
    "token-as-key": {"app_key_file": ACCESS_TOKEN},
}
VARIABLES = {"api_key_file": "DD_API_KEY", "app_key_file": "DD_APP_KEY", "bearer_token_file": "DD_BEARER_TOKEN"}
ON_THE_WIRE = {
    "keys": {"dd-api-key": API_KEY, "dd-application-key": APP_KEY},
    "bearer": {"authorization": "Bearer " + BEARER_TOKEN},
    "token-as-key": {"dd-application-key": ACCESS_TOKEN},
}
PATH = "/api/v2/personal_access_tokens"
RUN = 12  # A leak of this many consecutive characters counts as a leak of the whole secret.


def runs(text):
    return {text[i:i + RUN] for i in range(max(len(text) - RUN, 0) + 1)}


def base64_runs(secret):
    """The substrings of the secret's Base64 form, at each of the three possible alignments."""
    found = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        # The first and the last group also encode bits of the neighbouring text.
        inner = encoded[4 if shift else 0:-4]
        found |= runs(inner) | runs(inner.translate(str.maketrans("+/", "-_")))
    return found


NEEDLES = {
    **{run: title for title, text in LISTED.items() for run in runs(text)},
    **{run: title + ", Base64" for title, text in SECRETS.items() for run in base64_runs(text)},
    **{run: title + ", URL-encoded" for title, text in SECRETS.items() for run in runs(urllib.parse.quote(text, ""))},
    **{run: title for title, text in SECRETS.items() for run in runs(text)},
}


def leaks(text):
    """The secrets found in the text, each with the surrounding text."""
    found = {}
    for run, title in NEEDLES.items():
        at = text.find(run)
        if at >= 0:
            found.setdefault(title, text[max(at - 80, 0):at + 60])
    return found


class SecrecyTest(unittest.TestCase):
    def assert_no_leak(self, where, text):
        found = leaks(text)
        self.assertFalse(found, f"{where} gives away {found}")


# ---- Server behaviour ----------------------------------------------------------------------------------------------

def echo(request):
    """The request's own headers, credentials first, so that truncation does not remove them."""
    return "; ".join(f"{name}: {value}" for name, value in request.credentials.items()) + f" ({request.target})"


def echoed_headers(request):
    words = " ".join(request.credentials.values())
    return [("X-RateLimit-Name", words), ("X-Debug", words), ("Set-Cookie", words), ("Retry-After", words),
            ("Date", words), ("X-RateLimit-Reset", words), ("WWW-Authenticate", words)]


def refused(status, body, kind="application/json"):
    """A step: an error whose message, headers and reason phrase echo the request. `body` builds the body from the message."""
    def step(request, _):
        text = body("refused for " + echo(request))
        headers = [("Content-Type", kind), *echoed_headers(request)]
        if isinstance(text, str):
            return answer(status, text, headers, "No " + " ".join(request.credentials.values()))
        return json_answer(text, status, headers)
    return step


def redirect(status, base):
    def step(request, _):
        location = f"{base}{PATH}?{urllib.parse.urlencode(request.credentials)}"
        return answer(status, "moved; " + echo(request), [("Location", location), *echoed_headers(request)])
    return step


def cut_within_the_secret(request, _):
    """The log's length limit cuts the credentials at a different position each time."""
    padding = "x" * (100 + 7 * request.number % 100)
    return json_answer({"errors": [padding + " " + " ".join(request.credentials.values())]}, 403)


def page_of_secrets(request, _):
    return answer(200, " ".join(request.credentials.values()) + " is not JSON", echoed_headers(request))


def truncated(request, _):
    whole = good_listing()
    return whole[:-40] + b'"' + "".join(request.credentials.values()).encode()


def wrong_kinds(request, _):
    words = " ".join(request.credentials.values())
    odd = token(1, name=[words], created_at=words, expires_at={"was": words}, last_used_at=words, public_portion=7)
    return listing([odd, {"id": "1", "attributes": words, words: words}, words], echoed_headers(request))


def status_line_of_secrets(request, _):
    return (" ".join(request.credentials.values()) + "\r\n\r\n").encode()


def broken_encoding(request, _):
    return answer(200, "".join(request.credentials.values()), [("Content-Encoding", "gzip")])


def broken_chunks(request, _):
    words = "".join(request.credentials.values())
    return answer(200, words + "\r\n" + words, [("Transfer-Encoding", "chunked")])


def too_large(request, _):
    body = gzip.compress("".join(request.credentials.values()).encode() + b" " * (33 << 20), 1)
    return answer(200, body, [("Content-Encoding", "gzip")])


def drip(server):
    def step(request, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for byte in itertools.cycle(echo(request).encode()):
            connection.sendall(bytes([byte]))
            if not server().wait(0.05):
                break
    return step


def good_listing():
    own = token(0, name=LISTED["name"], public_portion=LISTED["own public portion"], owner=LISTED["owner id"])
    other = token(1, name=LISTED["e-mail"], public_portion=LISTED["public portion"], id=LISTED["token id"])
    return listing([own, other])


class Faults:
    """A server for each fault, by name, and `elsewhere`, the target of redirects, which should never receive a request."""

    def __init__(self):
        self.elsewhere = FaultServer(good_listing())
        html = "<html><body><h1>Denied</h1>{}</body></html>".format
        self.servers = {
            "good": FaultServer(good_listing()),
            "400-texts": FaultServer(refused(400, lambda words: {"errors": [words, words]})),
            "401-objects": FaultServer(refused(401, lambda words: {"errors": [{"title": words, "detail": words}]})),
            "403-text": FaultServer(refused(403, "{}".format, "text/plain")),
            "403-html": FaultServer(refused(403, html, "text/html")),
            "403-cut": FaultServer(cut_within_the_secret),
            "404-page": FaultServer(refused(404, "Not here: {}".format, "text/html")),
            "408-message": FaultServer(refused(408, lambda words: {"message": words})),
            "418-text": FaultServer(refused(418, lambda words: {"errors": words})),
            "429-objects": FaultServer(refused(429, lambda words: {"errors": [{"detail": words}]})),
            "500-text": FaultServer(refused(500, "{}".format, "text/plain")),
            "503-texts": FaultServer(refused(503, lambda words: {"errors": [words]})),
            "200-errors": FaultServer(refused(200, lambda words: {"errors": [words]})),
            "no-list": FaultServer(refused(200, lambda words: {"data": words, words: words})),
            "redirect-home": FaultServer(redirect(301, "")),
            "redirect-elsewhere": FaultServer(redirect(302, self.elsewhere.url)),
            "redirect-method": FaultServer(redirect(307, "//" + self.elsewhere.url.split("//")[1])),
            "not-json": FaultServer(page_of_secrets),
            "truncated": FaultServer(truncated),
            "wrong-kinds": FaultServer(wrong_kinds),
            "status-line": FaultServer(status_line_of_secrets),
            "encoding": FaultServer(broken_encoding),
            "chunks": FaultServer(broken_chunks),
            "reset": FaultServer(fault_server.reset),
            "drip": FaultServer(drip(lambda: self.servers["drip"])),
            # Three organizations share each server; later requests get a cheap answer.
            "too-large": FaultServer(too_large, too_large, too_large, refused(400, "{}".format)),
        }

    def close(self):
        for server in [self.elsewhere, *self.servers.values()]:
            server.close()


# ---- Output of the program -----------------------------------------------------------------------------------------

def write_secret(directory, name, text):
    path = os.path.join(directory, name)
    with harness.private_file(path) as file:
        file.write(text)
    return path


def write_configuration(directory, name, organizations):
    """`organizations`: {name: (server, {key in the file: path})}."""
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("organizations:\n")
        for organization, (server, files) in organizations.items():
            keys = "".join(f", {key}: {secret}" for key, secret in files.items())
            file.write(f"  - {{name: {organization}, base_url: '{server.url}'{keys}}}\n")
        file.write("poll: {interval: 1s, timeout: 6s}\nlog: {level: debug}\n")
    return path


def pages(exporter):
    """All pages that the program serves, including headers."""
    found = {}
    for path in ("/metrics", "/", "/config", "/healthz", "/livez", "/readyz", "/nothing", "/metrics/../etc"):
        _, headers, body = harness.get(exporter.url + path)
        found[path] = str(headers) + body.decode()
    return found


def process_file(exporter, name):
    """Decoded as Latin-1, which maps every byte to a character. Empty if the kernel forbids reading the file."""
    try:
        with open(f"/proc/{exporter.process.pid}/{name}", "rb") as file:
            return file.read().decode("latin-1")
    except PermissionError:
        return ""


def polls(exporter):
    """{organization: number of finished polls}."""
    series = exporter.metrics()["datadog_access_token_polls_total"]
    return {dict(labels)["org"]: number for labels, number in series.items()}


def environment_of(form):
    return {VARIABLES[key]: secret for key, secret in FORMS[form].items()}


class EveryFaultAtOnce(SecrecyTest):
    """Every fault with every form of credentials, all in one program, plus `--check` and `--once`."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.faults = Faults()
        cls.addClassCleanup(cls.faults.close)
        files = {form: {key: write_secret(cls.directory, f"{form}-{key}", secret + "\n")
                        for key, secret in secrets.items()} for form, secrets in FORMS.items()}
        everything = {f"{fault}-{form}": (server, files[form])
                      for fault, server in cls.faults.servers.items() for form in FORMS}
        one_form_each = {fault: (server, files[form])
                         for (fault, server), form in zip(cls.faults.servers.items(), itertools.cycle(FORMS))}
        brief = write_configuration(cls.directory, "brief.yaml", one_form_each)
        with harness.Exporter("--config.file", write_configuration(cls.directory, "all.yaml", everything)) as exporter:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                checked = pool.submit(harness.run, "--check", "--config.file", brief)
                once = pool.submit(harness.run, "--once", "--config.file", brief, "--poll.timeout", "1s")
                early_pages = pages(exporter)
                harness.wait_until(lambda: min(polls(exporter).values()) >= 2, "all organizations were polled twice")
            cls.metrics = exporter.metrics()
            cls.pages = {**{path + " at first": text for path, text in early_pages.items()}, **pages(exporter)}
            cls.command_line = process_file(exporter, "cmdline")
        cls.log = list(exporter.lines)
        cls.runs = {"--check": checked.result(), "--once": once.result()}

    def test_every_fault_occurred(self):
        """Otherwise the searches in the other tests would prove nothing."""
        failures = self.metrics["datadog_access_token_poll_failures_total"]
        met = {}
        for labels, number in failures.items():
            if number > 0:
                met.setdefault(dict(labels)["org"], set()).add(dict(labels)["reason"])
        expected = {
            "400-texts": "bad_request", "401-objects": "unauthorized", "403-text": "forbidden",
            "403-html": "forbidden", "403-cut": "forbidden", "404-page": "not_found", "408-message": "timeout",
            "418-text": "bad_request", "429-objects": "rate_limited", "500-text": "server_error",
            "503-texts": "server_error", "200-errors": "bad_page", "no-list": "bad_page",
            "redirect-home": "redirect", "redirect-elsewhere": "redirect", "redirect-method": "redirect",
            "not-json": "not_json", "truncated": "not_json", "status-line": "network", "reset": "network",
            "drip": "timeout",
        }
        for fault, reason in expected.items():
            reasons = [met.get(f"{fault}-{form}", set()) for form in FORMS]
            self.assertTrue(all(reasons), fault)
            self.assertIn(reason, set.union(*reasons), fault)
            # A poll may time out during its last retry.
            self.assertLessEqual(set.union(*reasons), {reason, "timeout"}, fault)
        self.assertIn("too_large", set.union(*(met[f"too-large-{form}"] for form in FORMS)))
        successes = self.metrics["datadog_access_token_poll_success"]
        for form in FORMS:
            self.assertEqual(successes[frozenset({("org", f"good-{form}")})], 1)

    def test_error_messages_are_logged_without_their_secrets(self):
        for form in FORMS:
            told = [line for line in self.log if f'"401-objects-{form}"' in line and "refused for" in line]
            self.assertTrue(told, form)

    def test_no_line_of_the_log_holds_a_secret_or_a_tokens_name(self):
        self.assert_no_leak("the log", "\n".join(self.log))

    def test_no_page_holds_a_secret_or_a_tokens_name(self):
        for path, text in self.pages.items():
            self.assert_no_leak(path, text)

    def test_neither_check_nor_once_prints_a_secret_or_a_tokens_name(self):
        for mode, done in self.runs.items():
            self.assertEqual(done.returncode, 1, mode)
            self.assertIn("good", done.stdout)
            self.assert_no_leak(mode + " on standard output", done.stdout)
            self.assert_no_leak(mode + " on standard error", done.stderr)

    def test_the_command_line_holds_no_secret(self):
        self.assertIn("--config.file", self.command_line)
        self.assert_no_leak("the command line", self.command_line)

    def test_no_redirect_is_followed(self):
        self.assertEqual(self.faults.elsewhere.requests, [])
        for fault, server in self.faults.servers.items():
            hosts = {request.host for request in server.requests}
            self.assertEqual(hosts, {server.url.split("//")[1]}, fault)
            self.assertFalse([request.target for request in server.requests
                              if not request.target.startswith(PATH + "?page")], fault)

    def test_each_request_only_reads(self):
        self.assertEqual({request.method for server in self.faults.servers.values() for request in server.requests}, {"GET"})

    def test_each_request_has_one_organizations_credentials_in_headers_only(self):
        for fault, server in self.faults.servers.items():
            for request in server.requests:
                self.assertIn(request.credentials, ON_THE_WIRE.values(), fault)
                self.assertEqual(len(request.headers), len({name.lower() for name, _ in request.headers}), fault)
                self.assert_no_leak(fault, request.target)


class CredentialsInTheEnvironment(SecrecyTest):
    """All three forms of credentials, and a proxy with a password (the proxy is not used for loopback)."""

    @classmethod
    def setUpClass(cls):
        proxy = f"http://{PROXY_USER}:{PROXY_PASSWORD}@127.0.0.1:1"
        cls.servers = {form: FaultServer(good_listing(), refused(403, "{}".format)) for form in FORMS}
        cls.exporters = {}
        for form, server in cls.servers.items():
            cls.addClassCleanup(server.close)
            cls.exporters[form] = harness.Exporter(
                "--datadog.base-url", server.url, "--log.level", "debug", "--poll.interval", "1s",
                HTTPS_PROXY=proxy, https_proxy=proxy, HTTP_PROXY=proxy, http_proxy=proxy, ALL_PROXY=proxy,
                **environment_of(form))
            cls.addClassCleanup(cls.exporters[form].stop)
        for exporter in cls.exporters.values():
            harness.wait_until(lambda exporter=exporter: exporter.events("poll failed again"), "it has failed twice")

    def test_are_sent(self):
        for form, server in self.servers.items():
            sent = {frozenset(request.credentials.items()) for request in server.requests}
            self.assertEqual(sent, {frozenset(ON_THE_WIRE[form].items())})

    def test_are_removed_from_the_process_environment(self):
        for form, exporter in self.exporters.items():
            self.assert_no_leak(f"/proc/<pid>/environ with {form}", process_file(exporter, "environ"))

    def test_all_else_of_the_environment_is_left_alone(self):
        for exporter in self.exporters.values():
            environment = process_file(exporter, "environ")
            if environment:
                self.assertIn("PATH=" + os.environ["PATH"], environment.split("\0"))

    def test_the_command_line_holds_no_secret(self):
        for exporter in self.exporters.values():
            self.assert_no_leak("/proc/<pid>/cmdline", process_file(exporter, "cmdline"))

    def test_the_process_leaves_no_core_behind(self):
        for exporter in self.exporters.values():
            limits = process_file(exporter, "limits").splitlines()
            core = next(line for line in limits if line.startswith("Max core file size")).split()
            self.assertEqual(core[4:6], ["0", "0"])

    def test_no_line_of_the_log_and_no_page_holds_a_secret(self):
        for form, exporter in self.exporters.items():
            self.assert_no_leak(f"the log with {form}", "\n".join(exporter.lines))
            for path, text in pages(exporter).items():
                self.assert_no_leak(f"{path} with {form}", text)

    def test_the_other_modes_print_no_secret(self):
        for form, server in self.servers.items():
            for mode in ("--check", "--once", "--config.check"):
                done = harness.run(mode, "--datadog.base-url", server.url, "--log.level", "debug",
                                   **environment_of(form))
                self.assertEqual(done.returncode, 0 if mode == "--config.check" else 1, done.stderr)
                self.assert_no_leak(f"{mode} with {form}", done.stdout + done.stderr)


class SecretFilesThatChange(SecrecyTest):
    """The program runs while its secret files are removed, corrupted and rotated."""

    SPOIL = {
        "removed": os.remove,
        "emptied": lambda path: write_secret(*os.path.split(path), ""),
        "of-two-lines": lambda path: write_secret(*os.path.split(path), STRAY_SECRET + "\r\n" + APP_KEY + "\n"),
        "with-a-blank": lambda path: write_secret(*os.path.split(path), STRAY_SECRET + " " + APP_KEY + "\n"),
        "in-quotes": lambda path: write_secret(*os.path.split(path), f'"{STRAY_SECRET}"\n'),
        "with-its-name": lambda path: write_secret(*os.path.split(path), f"DD_BEARER_TOKEN={STRAY_SECRET}\n"),
        "too-long": lambda path: write_secret(*os.path.split(path), STRAY_SECRET * 200),
        "readable-by-all": lambda path: os.chmod(path, 0o644),
    }

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        names = [*cls.SPOIL, "rotated"]
        cls.servers = {name: FaultServer(good_listing(), refused(401, "{}".format)) for name in names}
        for server in cls.servers.values():
            cls.addClassCleanup(server.close)
        paths = {name: write_secret(cls.directory, name, BEARER_TOKEN + "\n") for name in names}
        organizations = {name: (cls.servers[name], {"bearer_token_file": paths[name]}) for name in names}
        cls.exporter = harness.Exporter("--config.file", write_configuration(cls.directory, "c.yaml", organizations))
        cls.addClassCleanup(cls.exporter.stop)
        harness.wait_until(lambda: min(polls(cls.exporter).values()) >= 1, "all organizations were polled")
        for name, spoil in cls.SPOIL.items():
            spoil(paths[name])
        write_secret(cls.directory, "rotated", ROTATED_TOKEN + "\r\n")
        harness.wait_until(lambda: cls.warned() >= set(cls.SPOIL), "each unreadable file was warned of")
        seen = {name: len(server.requests) for name, server in cls.servers.items()}
        harness.wait_until(lambda: all(len(server.requests) >= seen[name] + 2 for name, server in cls.servers.items()),
                           "all organizations were polled twice more")
        cls.pages = pages(cls.exporter)

    @classmethod
    def warned(cls):
        return {event["org"] for event in cls.exporter.events() if "can't be read" in event["msg"]}

    def test_only_an_unreadable_file_causes_a_warning_and_only_once(self):
        warned = [event["org"] for event in self.exporter.events() if "can't be read" in event["msg"]]
        self.assertEqual(sorted(warned), sorted(self.SPOIL))

    def test_the_previous_secret_is_used_while_the_file_is_unreadable(self):
        for name in self.SPOIL:
            sent = {request.header("Authorization") for request in self.servers[name].requests}
            self.assertEqual(sent, {"Bearer " + BEARER_TOKEN}, name)

    def test_a_rotated_secret_replaces_the_previous_one(self):
        self.assertEqual(self.servers["rotated"].requests[-1].header("Authorization"), "Bearer " + ROTATED_TOKEN)

    def test_neither_the_log_nor_a_page_holds_a_current_or_old_secret(self):
        self.assert_no_leak("the log", "\n".join(self.exporter.lines))
        for path, text in self.pages.items():
            self.assert_no_leak(path, text)


class WrongConfigurations(SecrecyTest):
    """Common mistakes with secrets. The program refuses to start, and does not quote the secret."""

    def refuse(self, *arguments, **variables):
        done = harness.run("--config.check", *arguments, **variables)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertTrue(done.stderr.strip())
        self.assert_no_leak(" ".join([*arguments, *variables]), done.stdout + done.stderr)

    def test_a_secret_file_with_wrong_content(self):
        contents = ["", "\n", f"{STRAY_SECRET}\r\n{APP_KEY}", f"{STRAY_SECRET}\r{APP_KEY}",
                    f"{STRAY_SECRET} {APP_KEY}\n", f"\ufeff{STRAY_SECRET}", f"{STRAY_SECRET}\0",
                    f"api_key: {STRAY_SECRET}\n", STRAY_SECRET * 200, f'"{STRAY_SECRET}"\n', f"DD_API_KEY={STRAY_SECRET}\n",
                    f"${{{STRAY_SECRET}}}", f"<{STRAY_SECRET}>", f"ENC[{STRAY_SECRET}]", f"{STRAY_SECRET}***"]
        with tempfile.TemporaryDirectory() as directory:
            for content in contents:
                path = write_secret(directory, "file", content)
                self.refuse("--datadog.bearer-token-file", path)
                self.refuse("--check", "--datadog.bearer-token-file", path)

    def test_an_access_token_as_api_key_and_one_file_for_both_keys(self):
        self.refuse(DD_API_KEY=ACCESS_TOKEN, DD_APP_KEY=APP_KEY)
        with tempfile.TemporaryDirectory() as directory:
            path = write_secret(directory, "file", STRAY_SECRET)
            self.refuse("--datadog.api-key-file", path, "--datadog.app-key-file", path)

    def test_swapped_keys_cause_a_warning(self):
        done = harness.run("--config.check", DD_API_KEY=APP_KEY, DD_APP_KEY=API_KEY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((done.stdout + done.stderr).count("it may be in another key's place"), 2)
        self.assert_no_leak("--config.check", done.stdout + done.stderr)

    def test_a_variable_with_wrong_content(self):
        for content in (f"{STRAY_SECRET}\r\n{APP_KEY}", f"{STRAY_SECRET} {APP_KEY}", f"{STRAY_SECRET}\t{APP_KEY}",
                        f"'{STRAY_SECRET}'", f"Bearer {STRAY_SECRET}", f"%{STRAY_SECRET}%", f"\ufeff{STRAY_SECRET}"):
            self.refuse(DD_BEARER_TOKEN=content)

    def test_a_secret_in_place_of_its_files_path(self):
        with tempfile.TemporaryDirectory() as directory:
            for secret in (API_KEY, APP_KEY, BEARER_TOKEN.replace("/", "_"), ACCESS_TOKEN):
                self.refuse("--datadog.bearer-token-file", secret)
                path = os.path.join(directory, "c.yaml")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f"organizations:\n  - name: production\n    bearer_token_file: {secret}\n")
                self.refuse("--config.file", path)

    def test_a_secret_and_newline_in_place_of_its_files_path(self):
        """As produced by `bearer_token_file: |` in YAML and by `$(cat key; echo)` in a script."""
        self.refuse("--datadog.bearer-token-file", API_KEY + "\n")

    def test_the_secret_as_a_flag_or_a_key_that_does_not_exist(self):
        self.refuse("--datadog.api-key", API_KEY)
        self.refuse("--datadog.api-key=" + API_KEY)
        self.refuse(API_KEY)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "c.yaml")
            for text in (f"api_key: {API_KEY}", f"datadog: {{bearer_token: {ACCESS_TOKEN}}}", API_KEY, f"- {API_KEY}",
                         f"organizations: [{{name: a, app_key: {APP_KEY}}}]", f"datadog: *{API_KEY}", f"'{API_KEY}"):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text + "\n")
                self.refuse("--config.file", path)

    def test_the_secret_in_the_place_of_another_setting(self):
        """Swapped variables: errors about their values appear in the log of whatever starts the program."""
        keys = environment_of("keys")
        for variable, secret in {"DD_SITE": ACCESS_TOKEN, "DATADOG_TOKEN_EXPORTER_DATADOG_BASE_URL": APP_KEY,
                                 "DATADOG_TOKEN_EXPORTER_POLL_INTERVAL": API_KEY,
                                 "DATADOG_TOKEN_EXPORTER_LOG_LEVEL": API_KEY}.items():
            with self.subTest(variable):
                self.refuse(**keys, **{variable: secret})

    def test_a_proxy_that_can_not_be_used(self):
        for proxy in (f"https://u:{PROXY_PASSWORD}@proxy", f"http://u:{PROXY_PASSWORD}@pro xy",
                      f"{PROXY_PASSWORD}@:", f"socks5://u:{PROXY_PASSWORD}@proxy"):
            self.refuse(DD_SITE="datadoghq.eu", HTTPS_PROXY=proxy, **environment_of("bearer"))


class BehindAProxy(SecrecyTest):
    """The proxy has a route only to the API's host. It records and refuses all other requests."""

    def start(self, base_url, proxy, *arguments):
        url = f"http://{PROXY_USER}:{PROXY_PASSWORD}@127.0.0.1:{proxy.port}"
        return harness.Exporter("--datadog.base-url", base_url, "--datadog.allow-insecure-http", "--log.level", "debug",
                                "--poll.interval", "1s", *arguments, HTTP_PROXY=url, HTTPS_PROXY=url,
                                **environment_of("keys"))

    def poll_all(self, exporter, api, number):
        harness.wait_until(lambda: len(api.requests) > number, "the script has been played to its end")
        self.assert_no_leak("a page", str(pages(exporter)))
        exporter.stop()
        self.assert_no_leak("the log", "\n".join(exporter.lines))

    def test_plain_requests_go_only_to_the_configured_host(self):
        script = [redirect(301, "http://elsewhere.example.test"), redirect(302, "http://127.0.0.1:1"),
                  redirect(307, "https://api.example.test"), refused(403, "{}".format), good_listing()]
        with FaultServer(*script) as api, RecordingProxy({"api.example.test:80": api}) as proxy:
            with self.start("http://api.example.test", proxy) as exporter:
                self.poll_all(exporter, api, len(script))
        self.assertEqual(proxy.hosts_asked, {"api.example.test:80"})
        self.assertEqual({request.method for request in proxy.requests}, {"GET"})

    def test_a_tunnel_hides_requests_and_goes_only_to_the_configured_host(self):
        script = [redirect(301, "http://api.example.test"), redirect(302, "https://elsewhere.example.test"),
                  refused(403, "{}".format), good_listing()]
        with tempfile.TemporaryDirectory() as directory:
            ca_file, tls = fault_server.certificate(directory, "api.example.test")
            with FaultServer(*script, tls=tls) as api, RecordingProxy({"api.example.test:443": api}) as proxy:
                with self.start("https://api.example.test", proxy, "--datadog.ca-file", ca_file) as exporter:
                    self.poll_all(exporter, api, len(script))
        self.assertEqual(proxy.hosts_asked, {"api.example.test:443"})
        for request in proxy.requests:
            self.assertEqual((request.method, request.credentials), ("CONNECT", {}))
        readable = "".join(request.text for request in proxy.requests) + proxy.tunnelled.decode("latin-1")
        for title in ("API key", "application key"):
            self.assertFalse([run for run in runs(SECRETS[title]) if run in readable], title)
        self.assertGreater(len(proxy.tunnelled), 0)

    def test_the_proxys_password_goes_only_to_the_proxy(self):
        with tempfile.TemporaryDirectory() as directory:
            ca_file, tls = fault_server.certificate(directory, "api.example.test")
            with FaultServer(good_listing(), tls=tls) as api, RecordingProxy({"api.example.test:443": api}) as proxy:
                with self.start("https://api.example.test", proxy, "--datadog.ca-file", ca_file) as exporter:
                    exporter.wait_for_poll()
        expected = base64.b64encode(f"{PROXY_USER}:{PROXY_PASSWORD}".encode()).decode()
        self.assertEqual({request.header("Proxy-Authorization") for request in proxy.requests}, {"Basic " + expected})
        self.assertTrue(api.requests)
        for request in api.requests:
            self.assertFalse(request.header("Proxy-Authorization"), "the API was told the proxy's password")

    def refused_by_the_proxy(self, scheme):
        """The output when a proxy's refusal quotes its own password: {case: (the poll failed in time, all texts)}."""
        def refuse(status, connection):
            def step(request, _):
                words = f"{request.header('Proxy-Authorization')} {PROXY_PASSWORD} is not welcome"
                return answer(status, words, [("Proxy-Authenticate", f'Basic realm="{words}"'),
                                              ("Connection", connection)], words)
            return step

        def failed_in_time(exporter):
            # The poll's timeout is one second. If the program hangs, the test must not wait for the harness's own limit.
            limit = time.monotonic() + 5
            harness.wait_until(lambda: any("poll failed" in event["msg"] for event in exporter.events())
                               or time.monotonic() > limit, "the poll has failed, or should have")
            return time.monotonic() <= limit

        def case(status, connection):
            with FaultServer(refuse(status, connection)) as proxy:
                with self.start(f"{scheme}://api.example.test", proxy, "--poll.timeout", "1s") as exporter:
                    in_time = failed_in_time(exporter)
                    return in_time, "\n".join([*exporter.lines, *pages(exporter).values()])

        cases = list(itertools.product((407, 403, 502), ("close", "keep-alive")))
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            return dict(zip(cases, pool.map(lambda arguments: case(*arguments), cases)))

    def test_a_request_refused_by_the_proxy_does_not_log_its_password(self):
        for case, (_, told) in self.refused_by_the_proxy("http").items():
            with self.subTest(case):
                self.assert_no_leak("the log or a page", told)

    def test_a_tunnel_refused_by_the_proxy_does_not_log_its_password(self):
        for case, (_, told) in self.refused_by_the_proxy("https").items():
            with self.subTest(case):
                self.assert_no_leak("the log or a page", told)

    def test_a_tunnel_refused_by_the_proxy_fails_the_poll_in_time(self):
        """cpp-httplib 0.11 deadlocks on its own lock if the refusal says `Connection: close`."""
        for case, (in_time, _) in self.refused_by_the_proxy("https").items():
            with self.subTest(case):
                self.assertTrue(in_time, "the poll hangs")


class EncodedEchoes(SecrecyTest):
    def test_of_a_secret_in_an_error_do_not_reach_the_log(self):
        """Gateways echo headers in other encodings: URL-encoded in a query, as Base64 in a dump."""
        encodings = {
            "URL-encoded": lambda secret: urllib.parse.quote(secret, ""),
            "Base64": lambda secret: base64.b64encode(secret.encode()).decode(),
            "Base64 of a header": lambda secret: base64.b64encode(b"Bearer " + secret.encode()).decode(),
            "JSON in JSON": lambda secret: secret.replace("/", "\\/"),
            "upper case": str.upper,
            "lower case": str.lower,
            "URL-encoded with small digits": lambda secret: re.sub("%..", lambda m: m[0].lower(), urllib.parse.quote(secret, "")),
            "URL-encoded throughout": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
            "URL-encoded twice": lambda secret: urllib.parse.quote(urllib.parse.quote(secret, ""), ""),
            "hexadecimal": lambda secret: secret.encode().hex(),
            "hexadecimal in upper case": lambda secret: secret.encode().hex().upper(),
            "backwards": lambda secret: secret[::-1],
            "escaped by number": lambda secret: "".join(f"\\u{ord(character):04x}" for character in secret),
        }
        for title, encode in encodings.items():
            with self.subTest(title):
                text = f"bad request {encode(BEARER_TOKEN)}"
                with FaultServer(json_answer({"errors": [text]}, 400)) as server:
                    done = harness.run("--check", "--datadog.base-url", server.url, **environment_of("bearer"))
                self.assertIn("bad request", done.stdout)
                self.assert_no_leak("--check", done.stdout + done.stderr)
                # The Base64 text starts with the header's name and ends with bits of the neighbouring text.
                shown = [run for run in runs(encode(BEARER_TOKEN)[16:-8]) if run in done.stdout + done.stderr]
                self.assertEqual(shown, [], done.stdout)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
