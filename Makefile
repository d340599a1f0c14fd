# make setup · make run [CLIP=…] · make test · make test-long
# Each does the set-up it needs; setup.sh tells what PYTHON=… and TORCH_INDEX=… do for it.

READY := .venv/.ready
BIN := .venv/bin
PYTEST := QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest

.PHONY: setup run test test-long

setup: $(READY)

$(READY): pyproject.toml setup.sh
	@PYTHON="$(PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" ./setup.sh
	@touch $@

# Without CLIP the window shows the sample clip, which it makes itself.
run: setup
	@$(BIN)/python interactive_gui.py $(if $(CLIP),"$(CLIP)")

# Every check runs, whatever the one before it said; pytest comes last, so that its summary closes the output.
CHECKS = failed=0; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/mypy || failed=1; \
	$(BIN)/lint-imports --no-logo --no-cache || failed=1; \
	$(PYTEST) $(1) || failed=1; \
	exit $$failed

test: setup
	@$(call CHECKS,)

test-long: setup
	@$(call CHECKS,-m "long or not long")
