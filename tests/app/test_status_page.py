"""The status page in a real browser: Debian's headless Chromium, in light and dark mode, at phone and desktop width."""
import base64
import json
import os
import re
import shutil
import sys
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import harness
from fault_server import FaultServer, json_answer, listing, token

# Shown only where per-token detail is enabled.
LEAKED_TOKEN = {"name": "<script>x()</script> \u05e9\u05dc\u05d5\u05dd robot-needle", "id": "0b6f2c94-7d1e-4e53-9a08-0000000needle",
                "owner": "f43a8d17-52c6-4b9f-8e20-000000needle"}
SCHEMES = ("light", "dark")
WIDTHS = (320, 360, 1280)
# A folder for screenshots, for people to look at. No screenshots are taken unless it is set.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
LEAST_CONTRAST = 4.5

# For each visible text: its colour and the first opaque background colour behind it, as [r, g, b].
COLOURS_OF_TEXTS = """
const rgb = text => text.match(/[\\d.]+/g).map(Number);
const behind = element => {
  for (; element; element = element.parentElement) {
    const colour = rgb(getComputedStyle(element).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) { return colour.slice(0, 3); }
  }
  return null;
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (walker.currentNode.data.trim() && element.getClientRects().length) {
    found.push([walker.currentNode.data.trim(), rgb(getComputedStyle(element).color).slice(0, 3), behind(element)]);
  }
}
return found;
"""
# Elements that overflow to the right. On a phone, `innerWidth` would grow with them.
TOO_WIDE = """
return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > arguments[0] + 0.5)
  .map(e => e.outerHTML.slice(0, 200));
"""


def browser(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server",
                     "--disable-background-networking", "--disable-component-update", "--no-first-run",
                     f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def luminance(colour):
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def leaked_token():
    """A token with a name of the maximum label length, which never expires and has no scope."""
    leaked = token(1, **{**LEAKED_TOKEN, "name": LEAKED_TOKEN["name"] + "W" * 200}, expires_at=None, scopes=[])
    leaked["relationships"]["leak_information"] = {"data": {"id": "1", "type": "leak_information"}}
    return leaked


class StatusPage(unittest.TestCase):
    """One program polls a healthy organization without per-token detail. A second one has detail enabled and polls a healthy
    organization, one with a leaked token and two whose credentials are refused; one of these two has the longest possible
    name."""

    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        demo = cls.enterClassContext(harness.Exporter("--demo"))
        several = cls.enterClassContext(harness.Exporter("--config.file", cls.configuration(directory), "--tokens.detail=all"))
        cls.urls = {"demo": demo.url, "several": several.url}
        for url in cls.urls.values():
            harness.wait_until(lambda url=url: harness.get(url + "/readyz")[0] == 200, "everything was polled")
        cls.browser = browser(os.path.join(directory, "profile"))
        cls.addClassCleanup(cls.browser.quit)
        cls.browser.execute_cdp_cmd("Network.enable", {})

    @classmethod
    def configuration(cls, directory):
        good = cls.enterClassContext(FaultServer(listing([token(1, last_used_at=None), token(2, expires_at=None)])))
        expired = [token(number, expires_at="2024-06-02T00:00:00Z") for number in range(2, 13)]
        leaky = cls.enterClassContext(FaultServer(listing([leaked_token(), *expired])))
        bad = cls.enterClassContext(FaultServer(json_answer({"errors": ["Forbidden <script>x()</script>"]}, 403)))
        secret = os.path.join(directory, "token")
        with harness.private_file(secret) as file:
            file.write(harness.ACCESS_TOKEN)
        path = os.path.join(directory, "config.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("organizations:\n")
            for name, server in (("production", good), ("sandbox", bad), ("w" * 64, bad), ("leaky", leaky)):
                file.write(f"  - {{name: '{name}', base_url: '{server.url}', bearer_token_file: {secret}}}\n")
        return path

    def visit(self, page, scheme="light", width=1280):
        """Opens the page in a clean state, so that the browser's logs contain only this visit."""
        for log in ("browser", "performance"):
            self.browser.get_log(log)
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
        self.browser.get(self.urls[page] + "/")
        if SCREENSHOTS:
            shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
            with open(os.path.join(SCREENSHOTS, f"{page}-{scheme}-{width}.png"), "wb") as file:
                file.write(base64.b64decode(shot["data"]))

    def requests(self):
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]

    def open_everything(self):
        self.browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")

    def everywhere(self, check):
        """Calls `check(page, width)` on each page, in both colour schemes and at each width."""
        for page in self.urls:
            for scheme in SCHEMES:
                for width in WIDTHS:
                    with self.subTest(page=page, scheme=scheme, width=width):
                        self.visit(page, scheme, width)
                        check(page, width)

    def test_the_console_stays_empty_and_nothing_else_is_asked_for(self):
        def check(page, _):
            self.assertEqual(self.browser.get_log("browser"), [])
            self.assertEqual(self.requests(), [self.urls[page] + "/"])
        self.everywhere(check)

    def test_the_console_reports_a_violation(self):
        self.visit("demo")
        self.browser.execute_script("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
        self.assertIn("Content Security Policy", str(self.browser.get_log("browser")))

    def test_nothing_overflows_the_width(self):
        def check(_, width):
            self.open_everything()
            self.assertEqual(self.browser.execute_script(TOO_WIDE, width), [])
            self.assertLessEqual(self.browser.execute_script("return document.documentElement.scrollWidth"), width)
        self.everywhere(check)

    def test_every_text_has_enough_contrast(self):
        def check(*_):
            self.open_everything()
            texts = self.browser.execute_script(COLOURS_OF_TEXTS)
            self.assertGreater(len(texts), 30)
            for text, colour, back in texts:
                self.assertGreaterEqual(contrast(colour, back), LEAST_CONTRAST, text)
        self.everywhere(check)

    def test_dark_is_dark_and_light_is_light(self):
        for page in self.urls:
            seen = {}
            for scheme in SCHEMES:
                self.visit(page, scheme)
                seen[scheme] = self.browser.execute_script(COLOURS_OF_TEXTS)
            self.assertEqual(len(seen["light"]), len(seen["dark"]))
            for (text, light, light_back), (_, dark, dark_back) in zip(seen["light"], seen["dark"]):
                self.assertGreater(luminance(dark), luminance(light), text)
                self.assertGreater(luminance(light_back), luminance(dark_back), text)

    def test_the_style_sheet_applies_to_the_picture_too(self):
        self.visit("demo")
        fills = self.browser.execute_script(
            "return [...document.querySelectorAll('.bar rect')].map(e => getComputedStyle(e).fill)")
        self.assertGreaterEqual(len(set(fills)), 5)
        self.assertNotIn("rgb(0, 0, 0)", fills)

    def test_expired_tokens_are_not_grey_in_the_picture(self):
        for scheme in SCHEMES:
            self.visit("demo", scheme)
            swatch = self.browser.find_element(By.CSS_SELECTOR, ".swatch.expired")
            colour = [int(part) for part in re.findall(r"\d+", swatch.value_of_css_property("background-color"))[:3]]
            self.assertGreater(max(colour) - min(colour), 50, scheme)

    def test_the_table_adds_up_to_the_headline(self):
        self.visit("demo")
        rows = self.browser.find_elements(By.CSS_SELECTOR, ".counts tbody tr")
        alls = [int(row.find_elements(By.TAG_NAME, "td")[-1].text) for row in rows]
        self.assertEqual(len(rows), 9)
        self.assertEqual(sum(alls), 400)
        self.assertEqual(self.browser.find_element(By.CSS_SELECTOR, ".counts tfoot td:last-child").text, "400")

    def test_the_headline_and_the_tabs_title_say_the_worst(self):
        self.visit("several")
        self.assertEqual(self.browser.find_element(By.TAG_NAME, "h2").text,
                         "Polling: 2 healthy, 2 need attention · 1 leaked token")
        self.assertTrue(self.browser.title.startswith("1 leaked token · "))

    def test_critical_warning_and_healthy_have_different_colours(self):
        for scheme in SCHEMES:
            self.visit("several", scheme)
            colours = [self.browser.find_element(By.CSS_SELECTOR, selector).value_of_css_property("color")
                       for selector in ("h2 .critical", ".findings .warning th", ".findings .zero th", ".state.healthy", "body")]
            self.assertEqual(len(set(colours)), len(colours), scheme)

    def test_an_organization_with_a_leaked_token_comes_first_and_open(self):
        self.visit("several")
        first = self.browser.find_element(By.CSS_SELECTOR, "details")
        self.assertIsNotNone(first.get_attribute("open"))
        self.assertIn("leaky", first.text)
        self.assertIn("Polling healthy · 1 leaked token", first.text)

    def test_the_worst_tokens_are_collapsed(self):
        self.visit("several")
        fold = self.browser.find_element(By.CSS_SELECTOR, "details.worst")
        self.assertNotIn(LEAKED_TOKEN["id"], fold.text)
        fold.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
        self.assertEqual(len(fold.find_elements(By.CSS_SELECTOR, "tbody tr")), 10)
        self.assertIn("2 more tokens are not shown here.", fold.text)
        first = fold.find_element(By.CSS_SELECTOR, "tbody tr").text
        for text in (*LEAKED_TOKEN.values(), "leaked", "unscoped", "never"):
            self.assertIn(text, first)

    def test_a_page_without_detail_has_no_token_on_it(self):
        with FaultServer(listing([leaked_token()])) as server, harness.Exporter(
                "--datadog.base-url", server.url, DD_BEARER_TOKEN=harness.ACCESS_TOKEN) as exporter:
            harness.wait_until(lambda: "1 leaked token" in harness.get(exporter.url + "/")[2].decode(), "it was polled")
            page = harness.get(exporter.url + "/")[2].decode()
        self.assertNotIn("needle", page)
        self.assertNotIn("Worst tokens", page)

    def test_a_failing_organization_comes_next_and_says_why(self):
        self.visit("several")
        first = self.browser.find_element(By.CSS_SELECTOR, "details.attention").text
        self.assertIn("sandbox", first)
        self.assertIn("Polling needs attention", first)
        self.assertIn("403 from 127.0.0.1: Forbidden <script>x()</script>", first)
        self.assertIn("org_app_keys_read", first)

    def test_a_folded_card_opens_by_keyboard(self):
        self.visit("several")
        card = self.browser.find_element(By.CSS_SELECTOR, "details.healthy")
        self.assertIsNone(card.get_attribute("open"))
        card.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
        self.assertIsNotNone(card.get_attribute("open"))
        self.assertIn("never_expires", card.text)

    def test_a_screen_reader_finds_a_language_landmarks_and_headings_in_order(self):
        def check(page, _):
            tree = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
            roles = {node["role"]["value"] for node in tree if not node["ignored"]}
            self.assertLessEqual({"main", "navigation", "banner", "heading", "link"}, roles, page)
            self.assertEqual(self.browser.execute_script("return document.documentElement.lang"), "en")
            levels = self.browser.execute_script(
                "return [...document.querySelectorAll('h1,h2,h3,h4')].map(e => Number(e.tagName[1]))")
            self.assertEqual(levels[0], 1)
            for before, after in zip(levels, levels[1:]):
                self.assertLessEqual(after, before + 1)
        self.everywhere(check)

    def test_every_link_leads_somewhere(self):
        self.visit("demo")
        links = [link.get_attribute("href") for link in self.browser.find_elements(By.TAG_NAME, "a")]
        self.assertEqual(len(links), 4)
        for link in links:
            self.assertEqual(harness.get(link)[0], 200, link)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
