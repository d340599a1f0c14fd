# make setup · make run [CLIP=…] · make test · make test-release · make test-long [PART=…]
# Each does the set-up it needs; setup.sh tells what PYTHON=… and TORCH_INDEX=… do for it.

READY := .venv/.ready
BIN := .venv/bin
PYTEST := QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest

.PHONY: setup run test test-release test-long

setup: $(READY)

$(READY): pyproject.toml constraints.txt setup.sh
	@PYTHON="$(PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" ./setup.sh
	@touch $@

# Without CLIP the window shows the sample clip, which it makes itself.
run: setup
	@$(BIN)/python interactive_gui.py $(if $(CLIP),"$(CLIP)")

# Everything quick. Each check runs, whatever the one before it said; pytest comes last, so that its summary
# closes the output.
test: setup
	@failed=0; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/mypy || failed=1; \
	$(BIN)/lint-imports --no-logo --no-cache || failed=1; \
	$(PYTEST) || failed=1; \
	exit $$failed

# The wheel, slow imports, later migrations and other programs.
test-release: setup
	@$(PYTEST) -m release

# Takes hours with all parts. Interrupted and started again, it goes on with the tests that have not passed yet
# on the same commit. PART is one of those that tests/resume.py names.
test-long: setup
	@$(PYTEST) -m long --resume $(if $(PART),--part $(PART))
