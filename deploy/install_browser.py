"""Installs Chromium for the browser tests through the system's package manager, where that may be done."""

import os
import shutil
import subprocess


def main() -> None:
    """Install Chromium, or say in one line why not. The browser tests then skip with the same reason."""
    if shutil.which("chromium") or shutil.which("google-chrome"):
        return
    if not shutil.which("apt-get"):
        print("Chromium isn't installed and there is no apt-get: the browser tests will be skipped.")
    elif os.geteuid() != 0:
        print(
            "Chromium isn't installed and only root may install it (apt-get install chromium): browser tests skipped."
        )
    else:
        print("Installing Chromium for the browser tests ...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            if subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode:
                print(f"{' '.join(command)} failed: the browser tests will be skipped.")
                return


if __name__ == "__main__":
    main()
