"""The product as `dossier run` starts it, in a network that has loopback alone where the test may make one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.frontend.browsing import ARGUMENTS, CHROMIUM, at_rest, cookie_kept
from tests.journeys.own_network import loopback_only

PASSWORD = "correct-horse-battery"
PATIENCE = 90_000
"""Milliseconds for what a real model server and a real page do together on a busy machine."""


@dataclass(frozen=True)
class Product:
    process: subprocess.Popen[str]
    url: str
    key: str
    log: Path
    page: str
    alone: bool


def ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for probe in sockets:
        probe.bind(("127.0.0.1", 0))
    found = [int(probe.getsockname()[1]) for probe in sockets]
    for probe in sockets:
        probe.close()
    return found


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Product]:
    """Start the product with a home of its own, and end it with everything that it started."""
    with loopback_only() as alone:
        api, page, engine = ports(3)
        environment = {
            **os.environ,
            "DOSSIER_HOME": str(home),
            "DOSSIER_PORT": str(api),
            "DOSSIER_PAGE_PORT": str(page),
            "DOSSIER_ENGINE_PORT": str(engine),
            "DOSSIER_ENGINE_PROBE_SECONDS": "5",
            "DOSSIER_ADMIN_PASSWORD": PASSWORD,
            **settings,
        }
        log = home / "run.log"
        with log.open("w") as stream:
            command = [sys.executable, "-m", "dossier", "run"]
            process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream, text=True)
        try:
            wait_for_addresses(process, log)
            key = (home / "operator.key").read_text().strip()
            yield Product(process, f"http://127.0.0.1:{api}", key, log, f"http://127.0.0.1:{page}", alone)
        finally:
            children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive, [child.cmdline() for child in alive]


def wait_for_addresses(process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + 500
    while "Ctrl-C ends everything" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(1)


def boss(product: Product) -> httpx.Client:
    return httpx.Client(
        base_url=product.url, headers={"Authorization": f"Bearer {product.key}"}, timeout=120, trust_env=False
    )


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Chromium, inside the same network as the product."""
    if CHROMIUM is None:
        pytest.skip("Chromium isn't installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def signed_in(
    browser: Browser, product: Product, name: str, path: str = "", password: str = PASSWORD
) -> Iterator[Page]:
    """A page of somebody who has signed in, in a browser profile of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.goto(f"{product.page}/{path}")
    page.get_by_label("Name").fill(name)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE)
    cookie_kept(context)
    at_rest(page)
    yield page
    context.close()


def type_question(page: Page, question: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_be_enabled(timeout=PATIENCE)
    at_rest(page)
    box.fill(question)
    box.press("Enter")
