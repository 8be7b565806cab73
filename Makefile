# make run    install, index, start, ask one question (DOCS=folder: your own documents, GPU=1: on a GPU)
# make test   every test          make check   the quick gate of every commit
PYTHON ?= python3
KIND := $(if $(filter 1,$(GPU)),gpu,cpu)
VENV := .venv/bin

export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: run test check install install-dev format lock clean

run: install
	@$(if $(filter 1,$(GPU)),DOSSIER_DEVICE=cuda) $(VENV)/python -m dossier run $(if $(DOCS),--docs "$(DOCS)")

install:
	@$(PYTHON) deploy/install.py $(KIND)

install-dev:
	@$(PYTHON) deploy/install.py $(KIND) dev train

test: install-dev
	@$(VENV)/python deploy/install_browser.py
	@$(VENV)/python -m pytest

check: install-dev
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/python -m pytest -q -m "not model and not engine and not browser and not slow"

format: install-dev
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

lock:
	@$(VENV)/python deploy/lock.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
