# make run    install, index, start, ask one question (DOCS=folder: your own documents, GPU=1: on a GPU)
# make test   every test          make check   the quick gate of every commit
PYTHON ?= python3
KIND := $(if $(filter 1,$(GPU)),gpu,cpu)
VENV := .venv/bin

export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false
# where it is set, each of the many processes that tests start would compile everything again
unexport PYTHONDONTWRITEBYTECODE

# tests/conftest.py says which tests stay with one worker; a worker takes a core and up to 2 GB
WORKERS = -n logical --no-loadscope-reorder --maxprocesses

.PHONY: run test check install install-dev format lock clean

run: install
	@$(if $(filter 1,$(GPU)),DOSSIER_DEVICE=cuda) $(VENV)/python -m dossier run $(if $(DOCS),--docs "$(DOCS)")

install:
	@$(PYTHON) deploy/install.py $(KIND)

install-dev:
	@$(PYTHON) deploy/install.py $(KIND) dev train

test: install-dev
	@$(VENV)/python deploy/install_system.py
	@$(VENV)/python -m pytest $(WORKERS) 2

check: install-dev
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/python -m pytest -q $(WORKERS) 4 -m "not model and not engine and not browser and not slow"

format: install-dev
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

lock:
	@$(VENV)/python deploy/lock.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
