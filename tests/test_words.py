"""One word for one thing, everywhere: names that were replaced do not come back."""

from __future__ import annotations

import re

import pytest

from tests.project import name_of, tracked_files

REPLACED = {
    r"[Ww]orkshops?": "SessionContext, OutOfMemoryHandler",
    r"[Cc]ampaigns?|[Rr]ound_?[Rr]unners?": "PropagationPlan, Propagator",
    r"[Ll]egs?": "Segment",
    r"(?<!ast\.)(?<!os\.)[Ww]alk(s|ed|ing)?": "propagate, propagation, segment",
    r"[Cc]arried": "propagated, transferred, MemorizedFrame",
    r"[Ll]edgers?": "SessionState",
    r"Tracks|ProbStore|Record(?=[\[\](),|]| \|)": "MaskStore, ProbabilityCodec, FrameRecord",
    r"is_firm|firm_record|_firm": "hard, record_from_ids",
    r"[Pp]romot(e|es|ed|ing|ions?)|max_promoted": "WorkingMemory, max_memory_frames",
    r"[Cc]ompetitions?|[Ss]ettle[sd]?": "ObjectMerger.merge, soft aggregation",
    r"[Ww]itness(es)?|[Ee]vidence": "ReferenceMask, ChangeAttention",
    r"Question|[Cc]ues?|obey(s|ed)?|def answers": "Prompt, guidance maps, apply_hard_strokes, predict",
    r"def (hear|look|endure|make_room)|\.(hear|look|endure|make_room)\(": "on_notice, snapshot, free_memory",
    r"looks_of|expected_way|learn_targets": "target_features, expected_displacement, learn_target_models",
    r"[Cc]atalogues?|[Ii]nventor(y|ies)|Holdings?|take_stock": "families, store, InstalledWeights, scan",
    r"[Cc]ourses?|[Ll]essons?": "TrainingTask, LossStep",
    r"FileDesk|Survey|Wish|Journal|TakeBack|NewObject": "FileController, TimelinePresenter, FrameRequest",
    r"[Hh]ouses?|[Rr]ooms?|[Dd]oors?": "project, package or module, entry point",
}
"""The word that is not used, and the one that is."""

EXCEPTIONS = {
    "tests/test_words.py": "names the words",
    "CHANGELOG.md": "says what was renamed",
}


@pytest.mark.parametrize("word", REPLACED, ids=lambda word: re.sub(r"\W+", " ", word).strip())
def test_a_replaced_word_is_gone(word: str) -> None:
    pattern = re.compile(rf"(?<![A-Za-z0-9_])({word})(?![A-Za-z0-9_])")
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in tracked_files(".py", ".md", ".toml", ".sh")
        if name_of(path) not in EXCEPTIONS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == [], f"say {REPLACED[word]} instead"
