"""The report in headless Chromium: opens, asks for nothing, fits a phone, prints."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lungmet_worc.report.page import write_report
from tests.report.made_up_page import Page, made_up_context

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
#: Width of a small phone, in pixels.
PHONE = 360
#: Who asks, in a log of the network, when it is not a page.
BROWSER = "not an origin"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=f"none of {', '.join(NAMES)} is installed"),
]


def browse(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Open a page in a browser without window, profile and network, and wait for its end."""
    assert CHROMIUM is not None
    profile = folder / "profile"
    command = [
        CHROMIUM,
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", "--allow-file-access-from-files"),
        *("--enable-logging=stderr", "--hide-scrollbars", f"--user-data-dir={profile}"),
        *arguments,
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    shutil.rmtree(profile, ignore_errors=True)
    return done


def console(stderr: str) -> list[str]:
    """Return what a page, or the browser about a page, wrote on the console."""
    return [line for line in stderr.splitlines() if "CONSOLE" in line]


def asked_for(log: Path) -> set[str]:
    """Return every address that a page asked for, files and what it holds itself left out.

    What the browser asks of its maker on its own account has no page as its origin.
    """
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [event.get("params", {}) for event in events]
    pages = [one for one in asked if one.get("initiator", BROWSER) != BROWSER]
    return {one["url"] for one in pages if not one["url"].startswith(("file:", "data:"))}


def measured(folder: Path, page: Path, script: str, width: int) -> str:
    """Return what a script says of a page in a frame of so many pixels.

    A window of a headless browser cannot be as narrow as a phone; a frame can.
    """
    wrapper = folder / "wrapper.html"
    frame = f'<iframe id="f" src="{page.as_uri()}" width="{width}" height="740" style="border:0">'
    begin = 'const f = document.getElementById("f"), said = document.getElementById("said");'
    loaded = "f.onload = () => { const d = f.contentDocument, w = f.contentWindow;"
    tell = f"said.textContent = String({script}); }};"
    wrapper.write_text(
        f'{frame}</iframe><pre id="said"></pre><script>{begin} {loaded} {tell}</script>',
        encoding="utf-8",
    )
    dom = browse(folder, wrapper.as_uri(), "--dump-dom", "--virtual-time-budget=5000").stdout
    found = re.search(r'<pre id="said">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module", params=["en", "nl"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    context = made_up_context(folder, 6, 5, language=request.param)
    return write_report(context, folder / "report.html")


def test_opens_without_a_word_on_the_console_and_asks_for_nothing(
    report: Path, tmp_path: Path
) -> None:
    log = tmp_path / "net.json"
    done = browse(tmp_path, report.as_uri(), "--dump-dom", f"--log-net-log={log}")
    assert 'id="answer"' in done.stdout
    assert console(done.stderr) == []
    assert asked_for(log) == set()


def test_a_page_that_asks_or_complains_is_found_out(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<img src="http://example.invalid/x.png"><script>console.error("no")</script>',
        encoding="utf-8",
    )
    log = tmp_path / "net.json"
    done = browse(tmp_path, bad.as_uri(), "--dump-dom", f"--log-net-log={log}")
    assert any("no" in line for line in console(done.stderr))
    assert asked_for(log) == {"http://example.invalid/x.png"}


def test_every_link_leads_to_an_element(report: Path, tmp_path: Path) -> None:
    script = (
        '[...d.querySelectorAll("a")].filter(a => !a.hash || a.pathname !== w.location.pathname '
        "|| !d.getElementById(decodeURIComponent(a.hash.slice(1)))).length + ' of ' "
        '+ d.querySelectorAll("a").length'
    )
    links = len(Page(report.read_text(encoding="utf-8")).all("a"))
    assert measured(tmp_path, report, script, 1280) == f"0 of {links}"


def test_nothing_is_wider_than_a_phone(report: Path, tmp_path: Path) -> None:
    opened = '[...d.querySelectorAll("details")].forEach(x => x.open = true)'
    width = f"({opened}, d.documentElement.scrollWidth + ' ' + w.innerWidth)"
    assert measured(tmp_path, report, width, PHONE) == f"{PHONE} {PHONE}"
    # Nothing is hidden to reach that: what is too wide scrolls within its own frame.
    clipped = (
        'w.getComputedStyle(d.body).overflowX + " " + w.getComputedStyle(d.documentElement)'
        ".overflowX"
    )
    assert measured(tmp_path, report, clipped, PHONE) == "visible visible"


def test_a_page_too_wide_for_a_phone_is_found_out(tmp_path: Path) -> None:
    wide = tmp_path / "wide.html"
    wide.write_text('<body style="margin:0"><div style="width:900px">x</div>', encoding="utf-8")
    assert measured(tmp_path, wide, "d.documentElement.scrollWidth", PHONE) == "900"


def test_contents_are_folded_on_a_phone_and_beside_the_text_on_a_desk(
    report: Path, tmp_path: Path
) -> None:
    shown = (
        '[".sidebar", "details.contents", ".to-contents"]'
        '.map(s => w.getComputedStyle(d.querySelector(s)).display !== "none").join(" ")'
    )
    assert measured(tmp_path, report, shown, PHONE) == "false true true"
    assert measured(tmp_path, report, shown, 1280) == "true false false"


def test_prints_with_everything_open(report: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    browse(tmp_path, report.as_uri(), "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    boxes = set(re.findall(rb"/MediaBox \[([^\]]*)\]", content))
    sizes = {tuple(round(float(n)) for n in box.split()) for box in boxes}
    assert len(sizes) == 1
    (box,) = sizes
    assert box[2:] in {(595, 842), (596, 843), (595, 843), (596, 842)}  # A4 in points
    if shutil.which("pdftotext"):
        command = ["pdftotext", str(pdf), "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        html = report.read_text(encoding="utf-8")
        # The last patient of the cohort, who stands in a folded table only.
        assert "P51" in text
        summaries = re.findall(r"<summary>(.*?)</summary>", html)
        assert len(summaries) > 5
        assert text.count("PREDICT_original") >= html.count("PREDICT_<wbr>original")
